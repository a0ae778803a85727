dnl SPDX-License-Identifier: Apache-2.0
dnl ROOTLET_CC_FLAGS(VARIABLE, FLAGS): add to VARIABLE each flag that the compiler takes.
AC_DEFUN([ROOTLET_CC_FLAGS], [
	$1=
	rootlet_saved_cflags=$CFLAGS
	for flag in m4_normalize([$2]); do
		AC_MSG_CHECKING([whether $CC takes $flag])
		CFLAGS="$rootlet_saved_cflags -Werror $flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes]); $1="$$1 $flag"], [AC_MSG_RESULT([no])])
	done
	CFLAGS=$rootlet_saved_cflags
])

dnl ROOTLET_LD_FLAGS(VARIABLE, FLAGS): likewise for the linker.
AC_DEFUN([ROOTLET_LD_FLAGS], [
	$1=
	rootlet_saved_ldflags=$LDFLAGS
	for flag in m4_normalize([$2]); do
		AC_MSG_CHECKING([whether the linker takes $flag])
		LDFLAGS="$rootlet_saved_ldflags $flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes]); $1="$$1 $flag"], [AC_MSG_RESULT([no])])
	done
	LDFLAGS=$rootlet_saved_ldflags
])

dnl ROOTLET_STATIC_LIBS(VARIABLE, NAMES): set VARIABLE to the archives of the libraries NAMES, when
dnl the toolchain has all of them.
AC_DEFUN([ROOTLET_STATIC_LIBS], [
	AC_MSG_CHECKING([for archives of m4_normalize([$2])])
	rootlet_archives=
	for name in m4_normalize([$2]); do
		rootlet_archive=`$CC -print-file-name=lib$name.a`
		AS_IF([test -f "$rootlet_archive"],
			[rootlet_archives="$rootlet_archives $rootlet_archive"],
			[rootlet_archives=; break])
	done
	AS_IF([test -n "$rootlet_archives"],
		[AC_MSG_RESULT([yes]); $1=$rootlet_archives], [AC_MSG_RESULT([no])])
])
