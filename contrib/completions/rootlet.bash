# SPDX-License-Identifier: Apache-2.0
# bash completion for rootlet(1)
#
# What can be completed is asked of the program itself: its help text has a line for each command
# and option, and the name of an option's value says what kind of word it is.

# Lines LETTER:NAME:VALUE of the options of a command, or the global ones; VALUE is empty for flags.
_rootlet_options()
{
	"${COMP_WORDS[0]}" help "$@" 2>/dev/null |
		sed -nE 's/^  (-(.),|   ) --([a-z-]+) ?([^ ]*) .*$/\2:\3:\4/p'
}

_rootlet_commands()
{
	"${COMP_WORDS[0]}" help 2>/dev/null | sed -nE 's/^  ([a-z]+) .*$/\1/p'
}

# The VALUE of option word $1 in option lines $2; fails for flags and unknown options.
_rootlet_value()
{
	local letter name value

	while IFS=: read -r letter name value; do
		if [[ $value && ($1 == "--$name" || ($letter && $1 =~ ^-[^-]*$letter$)) ]]; then
			printf '%s\n' "$value"
			return 0
		fi
	done <<<"$2"
	return 1
}

# Complete $2 as an option's value that the help text calls $1.
_rootlet_complete_value()
{
	case $1 in
	DIR) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	FILE | SOCKET | PATH) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	*\|*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2") ;;
	esac
}

# Complete $3 as operand number $2 of command $1; the rest are words before the command.
_rootlet_complete_operand()
{
	local words="" command=$1 number=$2 cur=$3

	shift 3
	case $command:$number in
	help:1) words=$(_rootlet_commands) ;;
	mounts:1) words="add remove" ;;
	port:1) words="add remove $("${COMP_WORDS[0]}" "$@" list -q 2>/dev/null)" ;;
	start:1 | state:1 | kill:1 | delete:1 | exec:1 | ps:1 | pause:1 | resume:1 | update:1 | events:1 | mounts:2 | port:2)
		words=$("${COMP_WORDS[0]}" "$@" list -q 2>/dev/null) ;;
	kill:2) words=$(compgen -A signal SIG) ;;
	mounts:3)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

_rootlet()
{
	local cur=${COMP_WORDS[COMP_CWORD]} option="" command="" value="" word options
	local -i operands=1 i
	local -a globals=()

	COMPREPLY=()
	options=$(_rootlet_options)
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		# "--name=value" and "-e KEY=VALUE" arrive with "=" as a word of its own.
		if [[ $word == = ]]; then
			[[ $option ]] || i+=1
			continue
		fi
		[[ ! $command ]] && globals+=("$word")
		if [[ $option ]]; then
			option=
		elif [[ $word == -* ]]; then
			value=$(_rootlet_value "$word" "$options") && option=$word
		elif [[ ! $command ]]; then
			command=$word
			unset 'globals[-1]'
			options=$(_rootlet_options "$command")
		else
			operands+=1
		fi
	done

	[[ $cur == = ]] && cur=
	if [[ $option ]]; then
		_rootlet_complete_value "$value" "$cur"
	elif [[ $command == @(exec|ps) && $operands -gt 1 ]]; then
		# Options of another program; completing them is not ours.
		return
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -E 's/^[^:]*:([^:]*):.*/--\1/' <<<"$options")" \
			-- "$cur")
	elif [[ ! $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_rootlet_commands)" -- "$cur")
	else
		_rootlet_complete_operand "$command" "$operands" "$cur" "${globals[@]}"
	fi
}

complete -o filenames -F _rootlet rootlet
