/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: gmtime(3) reads /etc/localtime before it does without it, which each start
 * of a container would pay for. The calendar is simple when years begin in March: leap days come
 * last then.
 */
#include "base/timestamp.h"

#include <stdint.h>
#include <stdio.h>

#define SECONDS_A_DAY 86400

/* Days from 1 March of the year 0 (proleptic Gregorian calendar) to 1 January 1970. */
#define DAYS_TO_1970      719468

#define DAYS_A_CENTURY    36524 /* without the leap day of every fourth one */
#define DAYS_FOUR_YEARS   1461
#define DAYS_FOUR_HUNDRED 146097

struct date {
	int64_t year;
	int month, day; /* from 1 */
};

static struct date date_of(int64_t days)
{
	int64_t since = days + DAYS_TO_1970, era = since / DAYS_FOUR_HUNDRED;
	int64_t in_era = since % DAYS_FOUR_HUNDRED;
	/* The last day of a leap year is the first of no other. */
	int64_t year = (in_era - in_era / (DAYS_FOUR_YEARS - 1) + in_era / DAYS_A_CENTURY -
	                in_era / (DAYS_FOUR_HUNDRED - 1)) /
	               365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	/* Five months from March on, and from August on, have 153 days together. */
	int month = (int)((5 * in_year + 2) / 153);

	return (struct date){
		.year = era * 400 + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = (int)(in_year - (153 * month + 2) / 5) + 1,
	};
}

void timestamp_format(const struct timespec *time, char text[TIMESTAMP_SIZE])
{
	const int second = (int)(time->tv_sec % SECONDS_A_DAY);
	const struct date date = date_of(time->tv_sec / SECONDS_A_DAY);

	snprintf(text, TIMESTAMP_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", (int)date.year,
	         date.month, date.day, second / 3600, second / 60 % 60, second % 60, time->tv_nsec);
}
