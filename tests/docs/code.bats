#!/usr/bin/env bats
# The manual pages, --help and the completion, against the code: what the one
# has, the others have, and no more. Without the code's own tables being
# understood a test fails, too: each says how many rows it wants at least.

ROOT=$BATS_TEST_DIRNAME/../..
SRC=$ROOT/src

# page NAME SECTION: the lines of that section of a manual page.
page() { sed -n "/^\.Sh $2\$/,/^\.Sh /p" "$SRC/$1"; }

# same LEAST ACTUAL WANTED: two lists, sorted, that have LEAST lines at least.
same() {
    diff <(sort <<<"$3") <(sort <<<"$2")
    [ "$(wc -l <<<"$3")" -ge "$1" ]
}

# The options of the code: `c config argument`, `- run-dir argument`.
options() {
    sed -n '/^static const struct option longs/,/^};/p' "$SRC/options.c" | tr '{' '\n' |
        sed -nE "s/^\"([a-z-]+)\", ([a-z]+)_argument, NULL, ('(.)'|[A-Z_]+)\}.*/\4 \1 \2/p" |
        sed -E 's/^ /- /; s/required$/argument/; s/no$/-/'
}

@test "options: the manual has those of the code, with their arguments" {
    found=$(page dtcp-up.8 DESCRIPTION | sed -nE 's/^\.It Fl (. , )?-([a-z-]+)( Ar .*)?$/\1\2\3/p' |
        sed -E 's/ , / /; t; s/^/- /' | sed -E 's/ Ar .*/ argument/; t; s/$/ -/')
    same 17 "$found" "$(options)"
}

@test "options: getopt's short ones are those of the table" {
    found=$(sed -nE 's/^static const char shorts\[\] = ":?([^"]*)";/\1/p' "$SRC/options.c" |
        sed -E 's/(.)(:?)/\1\2\n/g' | sed -E '/^$/d; s/^(.):$/\1 argument/; s/^(.)$/\1 -/')
    same 16 "$found" "$(options | awk '$1 != "-" { print $1, $3 }')"
}

@test "options: --help has those of the code, with their arguments, and fits a screen" {
    timeout 5 "$ROOT/build/dtcp-up" --help >"$BATS_TEST_TMPDIR/help"
    found=$(sed '1,/^$/d; /^exit status/,$d' "$BATS_TEST_TMPDIR/help" |
        grep -oE '(-[a-zA-Z],|  ) --[a-z-]+( [A-Z]+)?' |
        sed -E 's/^-(.), --/\1 /; s/^   --/- /; s/ [A-Z]+$/ argument/; t; s/$/ -/')
    found=$(sed -E 's/^([^ ]+ [^ ]+)$/\1 -/' <<<"$found")
    same 17 "$found" "$(options)"
    # 80 by 24, with the prompt below it.
    [ "$(wc -l <"$BATS_TEST_TMPDIR/help")" -le 23 ]
    [ "$(wc -L <"$BATS_TEST_TMPDIR/help")" -le 80 ]
}

@test "options: the completion offers those of the code, and knows which take an argument" {
    completion=$ROOT/etc/dtcp-up.bash-completion
    offered=$(sed -n "/compgen -W '--config/,/' --/p" "$completion" | grep -oE -- '--[a-z][a-z-]*')
    same 17 "$offered" "$(options | awk '{ print "--" $2 }')"
    # The arms of the case, in which a word that belongs to an option is completed.
    known=$(sed -nE "s/^ +(-[^']*)\)\$/\1/p" "$completion" | tr -d ' ' | tr '|' '\n')
    wanted=$(options | awk '$3 == "argument" { if ($1 != "-") print "-" $1; print "--" $2 }')
    same 11 "$known" "$wanted"
}

@test "completion: words come out as bash would show them" {
    # shellcheck disable=SC2016 # for the inner bash
    run timeout 10 bash -c '
        _init_completion() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}; }
        . "$1"
        COMP_WORDS=(dtcp-up "--ru") COMP_CWORD=1
        _dtcp_up
        echo "${COMPREPLY[*]}"
        COMP_WORDS=(dtcp-up --server "") COMP_CWORD=2 COMPREPLY=()
        _dtcp_up
        echo "${#COMPREPLY[@]}"' - "$ROOT/etc/dtcp-up.bash-completion"
    [ "$output" = $'--run-dir\n0' ]
}

# item WORD: what the manual says of a word of the account, on one line without
# macros.
item() {
    awk -v start=".It Cm $1 Ns =" '/^\.It |^\.El/ { on = index($0, start) == 1 } on' "$SRC/dtcp.conf.5" |
        sed -E 's/^\.(It Cm|Cm|Li) //; s/ Ns Cm / /g' | tr '\n' ' '
}

@test "fields of the account, and types: the manual has those of the code, in the same order" {
    found=$(sed -n '/^\.Ss Fields/,/^\.Ss /s/^\.It Ar //p' "$SRC/dtcp.conf.5")
    diff <(names server) <(echo "$found")
    found=$(sed -nE 's/^\.It Cm type Ns = Ns (.*)/\1/p' "$SRC/dtcp.conf.5" | grep -oE '[a-z]{4,}')
    diff <(names network) <(echo "$found")
}

# names FIRST: those of the code's list that begins with FIRST, one a line.
names() { sed -nE "s/.* names\[\](\[[0-9]+\])? = \{(\"$1\".*)\};/\2/p" "$SRC/account.c" | tr -d '" ' | tr ',' '\n'; }

@test "words of the account: the manual has those of the code, in the same order" {
    found=$(sed -nE 's/^\.It Cm ([a-z]+) Ns = .*/\1/p' "$SRC/dtcp.conf.5")
    wanted=$(sed -n '/^} words\[\] = {/,/^};/s/^\t\[[A-Z]*\] = {"\([a-z]*\)",.*/\1/p' "$SRC/account_word.c")
    [ "$(wc -l <<<"$wanted")" -ge 11 ]
    diff <(echo "$wanted") <(echo "$found")
}

@test "routes: the manual has the number by which they are known" {
    number=$(sed -nE 's/.*TUNNEL_ROUTE_PROTO = ([0-9]+).*/\1/p' "$SRC/tunnel.h")
    [ "$(page dtcp-up.8 DESCRIPTION | grep -oE 'proto(col number)? [0-9]+' | sort -u)" = "proto $number"$'\n'"protocol number $number" ]
}

@test "values of the account: bounds and defaults in the manual are those of the code" {
    (umask 077 && echo 'server 20200 user password' >"$BATS_TEST_TMPDIR/conf")
    set -- "$(timeout 5 "$ROOT/build/dtcp-up" --check --config "$BATS_TEST_TMPDIR/conf" 3>&-)"
    for word in $1; do
        case $word in
        *=*) ;;
        *) continue ;;
        esac
        item "${word%%=*}" | grep -qE "The default( is|,) ${word#*=}[ .,]|[=|] ${word#*=} \|.* ${word#*=} , the default," || {
            echo "the manual does not say that $word is the default"
            false
        }
    done
    # What the code takes, in numbers.
    sed -nE 's/^\t\[[A-Z]+\] = \{"([a-z]+)", .*"(auto or )?([0-9]+) to ([0-9]+).*/\1 \3 \4/p' "$SRC/account_word.c" >"$BATS_TEST_TMPDIR/bounds"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/bounds")" -eq 4 ]
    while read -r word least most; do
        item "$word" | grep -qE "[^0-9]${least} to ${most}[^0-9]" || {
            echo "the manual does not say that $word is from $least to $most"
            false
        }
    done <"$BATS_TEST_TMPDIR/bounds"
}

@test "events: the manual, the sample script and the code have the same" {
    wanted=$(grep -hoE '\btell\(k, "[a-z]+"' "$SRC"/keeper*.c | cut -d '"' -f 2 | sort -u)
    same 4 "$(page dtcp-up.8 EVENTS | sed -n 's/^\.It Cm //p')" "$wanted"
    # shellcheck disable=SC2016 # $event is the script's
    found=$(sed -n '/^case \$event in/,/^esac/s/^    \([a-z |]*\)).*/\1/p' "$ROOT/etc/dtcp-event.example.sh" |
        tr -d ' ' | tr '|' '\n')
    same 4 "$found" "$wanted"
}

@test "variables of a script: the manual has those of the code" {
    wanted=$(sed -nE 's/^\tset\(&e, "([A-Z_]+)",.*/\1/p' "$SRC/script.c")
    same 14 "$(page dtcp-up.8 EVENTS | sed -n 's/^\.It Ev //p')" "$wanted"
    # The sample uses no other.
    not_known=$(grep -oE '\bDTCP_[A-Z_]+' "$ROOT/etc/dtcp-event.example.sh" | grep -vxF "$wanted") || true
    [ -z "$not_known" ]
}

@test "environment: the manual has what the code asks for" {
    wanted=$(grep -hoE 'getenv\("[A-Z_]+"' "$SRC"/*.c | cut -d '"' -f 2 | sort -u)
    same 1 "$(page dtcp-up.8 ENVIRONMENT | sed -n 's/^\.It Ev //p')" "$wanted"
}

@test "signals: the manual has those that the keeper takes" {
    wanted=$(grep -hoE 'sigaddset\([^)]*, SIG[A-Z0-9]+\)|(case|==) SIG(TERM|INT|HUP|USR1|USR2|QUIT)\b' "$SRC"/*.c |
        grep -oE 'SIG[A-Z0-9]+' | grep -vE 'SIG(CHLD|PIPE)' | sort -u)
    same 4 "$(page dtcp-up.8 SIGNALS | sed -n 's/^\.It //p' | grep -oE 'SIG[A-Z0-9]+')" "$wanted"
}

@test "JSON: the manual has the members that the code prints" {
    wanted=$(grep -hoE 'json_[a-z]+\("[a-z_]+"|\{?[,"\\]+"?[a-z_]+\\":' "$SRC/status_print.c" |
        grep -oE '[a-z_]+\\?"' | tr -d '\\"' | grep -v '^json' | sort -u)
    found=$(page dtcp-up.8 STATUS | sed -n 's/^\.It Cm //p' | sed 's/ , /\n/g')
    same 17 "$found" "$wanted"
}

@test "files: the manual has those that the code makes" {
    wanted=$(grep -hoE 'rundir_name\([^"]*"[a-z]+"' "$SRC"/*.c | cut -d '"' -f 2 | sort -u)
    same 3 "$(page dtcp-up.8 FILES | sed -n 's/^\.It Pa .* Pa \.//p')" "$wanted"
    for name in $(sed -n 's/^#define RUNDIR_DEFAULT "\(.*\)"/\1/p' "$SRC/rundir.h") /etc/ppp/dtcp.conf; do
        page dtcp-up.8 FILES | grep -qx "\.It Pa $name"
    done
}

@test "exit statuses: the manual and --help have those of the code" {
    wanted=$(sed -n '/^enum {/,/^};/s/^\tSTATUS_[A-Z_]* = \([0-9]*\).*/\1/p' "$SRC/status_codes.h")
    same 9 "$(page dtcp-up.8 'EXIT STATUS' | sed -n 's/^\.It //p')" "$wanted"
    found=$(timeout 5 "$ROOT/build/dtcp-up" --help | sed -n '/^exit status/,$p' | grep -oE '(^| )[0-9]+ ' | tr -d ' ')
    same 9 "$found" "$wanted"
}

@test "the version is in one place: program, manual and packages take it from the Makefile" {
    version=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
    [ "$(timeout 5 "$ROOT/build/dtcp-up" --version)" = "dtcp-up $version" ]
    for page in dtcp-up.8 dtcp.conf.5; do
        grep -q '^\.Os "dtcp-up @VERSION@"$' "$SRC/$page"
    done
    # Nobody else says it.
    run grep -rlF --exclude=CHANGES "$version" "$ROOT"/{src,hooks,etc,README.md,README.ja.md,CONTRIBUTING.md}
    echo "$output"
    [ "$status" -eq 1 ]
}
