# SPDX-License-Identifier: Apache-2.0
# fish completion for rootlet(1)
#
# What can be completed is asked of the program itself: its help text has a line for each command
# and option, and the name of an option's value says what kind of word it is.

# Lines "name<TAB>text" of all commands.
function __rootlet_commands
    rootlet help 2>/dev/null | string replace -rf '^  ([a-z]+)  +(.*)$' '$1\t$2'
end

function __rootlet_containers
    set -l root (string match -r -- '--root[= ]\S+' (commandline -pc) | string split ' ')
    rootlet $root list -q 2>/dev/null
end

# Number of operands before the cursor, the command included.
function __rootlet_operands
    set -l words (commandline -opc)[2..]
    set -l taking_value (rootlet help $argv 2>/dev/null |
        string replace -rf '^  (?:(-.),|   ) (--[a-z-]+) [^ ].*$' '$1 $2' | string split -n ' ')
    set -l taking_value $taking_value (rootlet help 2>/dev/null |
        string replace -rf '^      (--[a-z-]+) [^ ].*$' '$1')
    set -l count 0
    set -l value no
    for word in $words
        if test $value = yes
            set value no
        else if contains -- $word $taking_value
            set value yes
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    echo $count
end

# Whether operand $argv[1] of one of the commands behind it is being typed.
function __rootlet_operand
    for command in $argv[2..]
        if __fish_seen_subcommand_from $command
            test (__rootlet_operands $command) -eq $argv[1]
            return
        end
    end
    return 1
end

# Declare the options that `rootlet help $argv[2]` lists, under condition $argv[1].
function __rootlet_declare
    rootlet help $argv[2..] 2>/dev/null |
        string replace -rf '^  (?:-(.), |    )--([a-z-]+)(?: ([^ ]+))?  +(.*)$' '$1\t$2\t$3\t$4' |
        while read -l -d \t letter name value help
            set -l spec -c rootlet -n $argv[1] -l $name -d $help
            test -n "$letter"; and set -a spec -s $letter
            switch "$value"
                case ''
                case DIR
                    set -a spec -xa '(__fish_complete_directories)'
                case FILE SOCKET PATH
                    set -a spec -rF
                case '*|*'
                    set -a spec -xa (string replace -a '|' ' ' -- $value)
                case '*'
                    set -a spec -x
            end
            complete $spec
        end
end

complete -c rootlet -f
complete -c rootlet -n 'test (__rootlet_operands) -eq 0' -a '(__rootlet_commands)'
complete -c rootlet -n '__rootlet_operand 1 help' -a '(__rootlet_commands)'
complete -c rootlet -n '__rootlet_operand 1 start state kill delete exec ps pause resume update events' -a '(__rootlet_containers)'
complete -c rootlet -n '__rootlet_operand 1 mounts port' -a 'add remove'
complete -c rootlet -n '__rootlet_operand 1 port' -a '(__rootlet_containers)'
complete -c rootlet -n '__rootlet_operand 2 mounts port' -a '(__rootlet_containers)'
complete -c rootlet -n '__rootlet_operand 3 mounts' -F
complete -c rootlet -n '__rootlet_operand 2 kill' -a '(kill -l | string split -n " ")'
__rootlet_declare 'test (__rootlet_operands) -eq 0'
for command in (__rootlet_commands | string replace -r '\t.*' '')
    set -l condition "__fish_seen_subcommand_from $command"
    # What follows their ID are the options of another program.
    if contains $command exec ps
        set condition "__rootlet_operand 1 $command"
    end
    __rootlet_declare $condition $command
end
