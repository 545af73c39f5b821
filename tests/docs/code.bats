#!/usr/bin/env bats
# The manual pages, --help and the completion, against the programs, which are asked:
# what the one has, the others have, and no more. Each list must have some rows at
# least, so that one that could not be read fails, too.

ROOT=$BATS_TEST_DIRNAME/../..
SRC=$ROOT/src

load ../unit/unit

# page NAME SECTION: the lines of that section of a manual page.
page() { sed -n "/^\.Sh $2\$/,/^\.Sh /p" "$SRC/$1"; }

# same LEAST ACTUAL WANTED: two lists, sorted, that have LEAST lines at least.
same() {
    diff <(sort <<<"$3") <(sort <<<"$2")
    [ "$(wc -l <<<"$3")" -ge "$1" ]
}

# ask PROGRAM ARGUMENT...: what it says, on both streams.
ask() { timeout 300 "$ROOT/build/$1" "${@:2}" 2>&1 3>&- </dev/null || true; }

# options PROGRAM: those that --help has, as `c config argument`, `- run-dir argument`,
# `p persist -`.
options() {
    ask "$1" --help | sed '1,/^$/d; /^$/,$d' | grep -oE '(-[a-zA-Z],|  ) --[a-z-]+( [A-Z]+)?' |
        sed -E 's/^-(.), --/\1 /; s/^   --/- /; s/ [A-Z]+$/ argument/' | awk '{ print $0 (NF == 2 ? " -" : "") }'
}

# takes PROGRAM OPTION: `argument` or `-`, as the program takes it, or nothing where it
# does not. What follows are no options: it complains of the first one that it has not
# taken for a value, or of a value that will not do.
takes() {
    case $(ask "$1" "$2" --no-such-1 --no-such-2) in
    *"there is no option '$2'"*) ;;
    *"there is no option '--no-such-1'"* | usage:* | "$1 "[0-9]*) echo - ;;
    *--no-such-[12]*) echo argument ;;
    esac
}

# takes_those_of_help PROGRAM LEAST: each in both forms, and no other letter.
takes_those_of_help() {
    local letter name found=''
    while read -r letter name _; do
        found+="$letter $name $(takes "$1" "--$name")"$'\n'
    done < <(options "$1")
    same "$2" "${found%?}" "$(options "$1")"
    found=''
    for letter in {a..z} {A..Z} {0..9}; do
        found+="$letter $(takes "$1" "-$letter")"$'\n'
    done
    diff <(options "$1" | awk '$1 != "-" { print $1, $3 }' | sort) <(grep ' .' <<<"$found" | sort)
}

# in_manual PROGRAM LEAST: the manual has the options of --help, with their arguments.
in_manual() {
    local found
    found=$(page "$1.8" DESCRIPTION | sed -nE 's/^\.It Fl (. , )?-([a-z-]+)( Ar .*)?$/\1\2\3/p' |
        sed -E 's/ , / /; t; s/^/- /' | sed -E 's/ Ar .*/ argument/; t; s/$/ -/')
    same "$2" "$found" "$(options "$1")"
}

# completed PROGRAM LEAST ARGUMENTS: the completion offers those of --help, and knows
# which take an argument, of which there are ARGUMENTS in all forms at least.
completed() {
    local completion=$ROOT/etc/$1.bash-completion offered known
    offered=$(sed -n "/compgen .*-W '--config/,/' --/p" "$completion" | grep -oE -- '--[a-z][a-z-]*')
    same "$2" "$offered" "$(options "$1" | awk '{ print "--" $2 }')"
    # The arms of the case, in which a word that belongs to an option is completed.
    known=$(sed -nE "s/^ +(-[^']*)\)\$/\1/p" "$completion" | tr -d ' ' | tr '|' '\n')
    same "$3" "$known" "$(options "$1" |
        awk '$3 == "argument" { if ($1 != "-") print "-" $1; print "--" $2 }')"
}

# fits_a_screen PROGRAM: --help does, 80 by 24, with the prompt below it.
fits_a_screen() {
    [ "$(ask "$1" --help | wc -l)" -le 23 ]
    [ "$(ask "$1" --help | wc -L)" -le 80 ]
}

@test "options: the program takes those of --help, which fits a screen" {
    takes_those_of_help dtcp-up 17
    fits_a_screen dtcp-up
}

@test "options: manual and completion have those of --help, with their arguments" {
    in_manual dtcp-up 17
    completed dtcp-up 17 11
}

@test "options of dtcpd: the program takes those of --help, which fits a screen" {
    takes_those_of_help dtcpd 9
    fits_a_screen dtcpd
}

@test "options of dtcpd: manual and completion have those of --help, with their arguments" {
    in_manual dtcpd 9
    completed dtcpd 9 3
}

@test "dtcpd.conf: the manual has the settings and words that --check shows" {
    words='prefix=2001:db8::/48 host=2001:db8:1::1,2001:db8:1::2 interface=six'
    (umask 077 && printf '%s\n' 'script /bin/true' "user foo bar $words" >"$BATS_TEST_TMPDIR/conf")
    shown=$(ask dtcpd --check --config "$BATS_TEST_TMPDIR/conf" | grep -v '^dtcpd: ')
    found=$(sed -nE 's/^\.It Ic ([a-z]+) .*/\1/p' "$SRC/dtcpd.conf.5")
    same 5 "$found" "$(cut -d ' ' -f 1 <<<"$shown")"
    # Who writes another one is told of these.
    (umask 077 && echo no-such >"$BATS_TEST_TMPDIR/conf")
    told=$(ask dtcpd --check --config "$BATS_TEST_TMPDIR/conf" | sed -n 's/.* is none of //p')
    same 5 "$found" "$(sed 's/ and /\n/; s/, /\n/g' <<<"$told")"
    found=$(sed -nE 's/^\.It Cm ([a-z]+) Ns = .*/\1/p' "$SRC/dtcpd.conf.5")
    same 6 "$found" "$(grep '^user ' <<<"$shown" | grep -oE '[a-z]+=' | tr -d =)"
}

# complete PROGRAM WORD...: what bash would offer for the last word. What bash-completion
# would do is done here in short.
complete() {
    # shellcheck disable=SC2016 # for the inner bash
    timeout 300 bash -c '
        shopt -s extglob
        _init_completion() {
            words=("${COMP_WORDS[@]}") cword=$((${#COMP_WORDS[@]} - 1)) cur=${COMP_WORDS[-1]} prev=${COMP_WORDS[-2]} split=false
            if [[ $1 == -s && $cur == --*=* ]]; then
                prev=${cur%%=*} cur=${cur#*=} split=true
            fi
        }
        _filedir() { COMPREPLY=("a file${1+ of kind $1}"); }
        ip() { echo "2: wan inet 192.0.2.7/24 brd 192.0.2.255"; }
        . "$1"
        COMP_WORDS=("${@:2}")
        "_${2//-/_}"
        echo "${COMPREPLY[*]}"' - "$ROOT/etc/$1.bash-completion" "$@" 3>&-
}

@test "completion: words come out as bash would show them" {
    [ "$(complete dtcp-up --ru)" = --run-dir ]
    [ -z "$(complete dtcp-up --server '')" ]
    for program in dtcp-up dtcpd; do
        [ "$(complete $program --config '')" = 'a file' ]
        [ "$(complete $program --config=)" = 'a file' ]
        [ "$(complete $program --run-dir=/r)" = 'a file of kind -d' ]
        [ -z "$(complete $program --json=)" ]
    done
    [ "$(complete dtcp-up --persist '')" = 192.0.2.7 ]
    # No address where none is taken.
    for command in -d --down -S --status -t --check; do
        [ -z "$(complete dtcp-up $command '')" ]
    done
    [ -n "$(complete dtcp-up --down --)" ]
}

# goes_with PROGRAM OPTION VALUE WORD...: it takes the option behind those. It gets no
# further than a file or a run directory that is not there. VALUE is `-` where it takes none.
goes_with() {
    local words=("${@:4}" --config=/nonexistent --run-dir=/nonexistent "--$2") got=0
    [ "$3" = - ] || words+=("$3")
    timeout 300 "$ROOT/build/$1" "${words[@]}" >/dev/null 2>&1 3>&- </dev/null || got=$?
    [ "$got" != 64 ]
}

# offers_what_fits PROGRAM LEAST WORDS...: behind each WORDS (an option, its value) the
# completion offers what the program takes; LEAST are refused in all.
offers_what_fits() {
    local words letter option value offered refused=0
    for words in "${@:3}"; do
        # shellcheck disable=SC2086 # are words
        offered=$(complete "$1" $words --)
        echo "$words: $offered"
        while read -r letter option value; do
            case $option in
            config | run-dir) value=/nonexistent ;;
            wait) value=1 ;;
            esac
            # shellcheck disable=SC2086 # are words
            if ! goes_with "$1" "$option" "$value" $words; then
                [[ " $offered " != *" --$option "* ]] || return 1
                refused=$((refused + 1))
            elif [[ $words != "--$option"* ]]; then # once is enough
                [[ " $offered " == *" --$option "* ]] || return 1
            fi
            if [[ $words == "--$option"* ]]; then # the short form is the same
                # shellcheck disable=SC2086 # are words
                [ "$(complete "$1" "-$letter" ${words#--"$option"} --)" = "$offered" ] || return 1
            fi
        done < <(options "$1")
    done
    [ "$refused" -ge "$2" ]
}

@test "completion: it offers what goes with the options that are there" {
    offers_what_fits dtcp-up 25 --down --status --check '--event wan'
    [ "$(complete dtcp-up --event=wan --)" = "$(complete dtcp-up --event wan --)" ]
    offers_what_fits dtcpd 3 --check --status
}

# item WORD: what the manual says of a word of the account, on one line without
# macros.
item() {
    awk -v start=".It Cm $1 Ns =" '/^\.It |^\.El/ { on = index($0, start) == 1 } on' "$SRC/dtcp.conf.5" |
        sed -E 's/^\.(It Cm|Cm|Li) //; s/ Ns Cm / /g' | tr '\n' ' '
}

@test "fields of the account, and types: the manual has those of the code, in the same order" {
    found=$(sed -n '/^\.Ss Fields/,/^\.Ss /s/^\.It Ar //p' "$SRC/dtcp.conf.5")
    diff <(printf '%s\n' server port user password) <(echo "$found")
    found=$(sed -nE 's/^\.It Cm type Ns = Ns (.*)/\1/p' "$SRC/dtcp.conf.5" | grep -oE '[a-z]{4,}')
    [ "$(wc -l <<<"$found")" -eq 3 ]
    diff <(refusal type= | sed 's/.*type= takes //; s/ or /\n/; s/, /\n/g') <(echo "$found")
}

# refusal WORD: what is said of an account with this word.
refusal() {
    (umask 077 && echo "server 20200 user password $1" >"$BATS_TEST_TMPDIR/refused")
    timeout 300 "$ROOT/build/dtcp-up" --check --config "$BATS_TEST_TMPDIR/refused" 2>&1 3>&- && return 1
    return 0
}

# words: those of the account, which the refusal of an unknown one names.
words() { refusal no-such-word= | sed -E 's/.*\(there are (.*)\)$/\1/' | tr ' ' '\n'; }

@test "words of the account: the manual has those of the code, in the same order" {
    found=$(sed -nE 's/^\.It Cm ([a-z]+) Ns = .*/\1/p' "$SRC/dtcp.conf.5")
    [ "$(words | wc -l)" -ge 11 ]
    diff <(words) <(echo "$found")
}

@test "values of the account: bounds and defaults in the manual are those of the code" {
    (umask 077 && echo 'server 20200 user password' >"$BATS_TEST_TMPDIR/conf")
    set -- "$(timeout 300 "$ROOT/build/dtcp-up" --check --config "$BATS_TEST_TMPDIR/conf" 3>&-)"
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
    for word in $(words); do
        refusal "$word=" | sed -nE "s/.*: ([a-z]+)= takes (auto or )?([0-9]+) to ([0-9]+).*/\1 \3 \4/p"
    done >"$BATS_TEST_TMPDIR/bounds"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/bounds")" -ge 4 ]
    while read -r word least most; do
        item "$word" | grep -qE "[^0-9]${least} to ${most}[^0-9]" || {
            echo "the manual does not say that $word is from $least to $most"
            false
        }
    done <"$BATS_TEST_TMPDIR/bounds"
}

# told WHAT: events or variables of a script, as the program tells them in the unit
# test that has every event.
told() {
    "$ROOT/build/unit/report" 'every event, with its variables' | sed -n "s/^$1 //p" | sort -u
}

@test "events and variables of a script: manual and sample have those that the program tells" {
    built unit
    same 5 "$(page dtcp-up.8 EVENTS | sed -n 's/^\.It Cm //p')" "$(told event)"
    # shellcheck disable=SC2016 # $event is the script's
    found=$(sed -n '/^case \$event in/,/^esac/s/^    \([a-z |]*\)).*/\1/p' "$ROOT/etc/dtcp-event.example.sh" |
        tr -d ' ' | tr '|' '\n')
    same 5 "$found" "$(told event)"
    same 19 "$(page dtcp-up.8 EVENTS | sed -n 's/^\.It Ev //p')" "$(told variable)"
    # The sample uses no other.
    not_known=$(grep -oE '\bDTCP_[A-Z_]+' "$ROOT/etc/dtcp-event.example.sh" | grep -vxF "$(told variable)") || true
    [ -z "$not_known" ]
}

@test "JSON: the manual has the members that the code prints" {
    wanted=$(timeout 300 "$ROOT/build/dtcp-up" --status --json -i dtcp0 --run-dir /nonexistent 3>&- |
        grep -oE '"[a-z_]+":' | tr -d '":')
    found=$(page dtcp-up.8 STATUS | sed -n 's/^\.It Cm //p' | sed 's/ , /\n/g')
    same 17 "$found" "$wanted"
}

@test "JSON: the manual of dtcpd has the members that the code prints" {
    # shellcheck disable=SC1003 # the C of it
    wanted=$(grep -oE 'print_json_name\("[a-z_]+"|\\"[a-z_]+\\":' "$SRC/server/who.c" | grep -oE '[a-z_]{4,}' |
        grep -vx print_json_name | sort -u)
    found=$(sed -n '/^\.It Fl j/,/^\.It Fl q/p' "$SRC/dtcpd.8" | sed -n '/^Its members/,/^\.Cm packets_out/p' |
        sed -n 's/^\.Cm //p' | tr -d ' .' | tr ',' '\n' | grep .)
    same 12 "$found" "$wanted"
}

@test "--status: the manual has the rows of the sample in README.md, in its order" {
    wanted=$(sed -nE '/^dtcp0: up/,/^```/s/^  ([A-Za-z]+( [a-z]+)?)  .*/\1/p' "$ROOT/README.md")
    [ "$(wc -l <<<"$wanted")" = 9 ]
    page dtcp-up.8 STATUS | sed -n 's/^\.It Li //p' | head -n 9 | diff - <(echo "$wanted")
}

@test "files: the manual has the account file and the run directory of --help" {
    files=$(ask dtcp-up --help | grep -oE '\(/[^)]*\)' | tr -d '()')
    [ "$(wc -l <<<"$files")" = 2 ]
    for name in $files; do
        page dtcp-up.8 FILES | grep -qx "\.It Pa $name"
    done
}

@test "exit statuses: the manual has those of --help" {
    found=$(ask dtcp-up --help | sed -n '/^exit status/,$p' | grep -oE '(^| )[0-9]+ ' | tr -d ' ')
    same 9 "$(page dtcp-up.8 'EXIT STATUS' | sed -n 's/^\.It //p')" "$found"
}

@test "signals of dtcpd: the manual has those of --help" {
    found=$(ask dtcpd --help | sed -n '/^signals/,/^exit/p' | grep -oE 'SIG[A-Z0-9]+')
    same 3 "$(page dtcpd.8 SIGNALS | sed -n 's/^\.It //p' | grep -oE 'SIG[A-Z0-9]+')" "$found"
}

@test "the version is in one place: program, manual and packages take it from the Makefile" {
    version=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
    [ "$(timeout 300 "$ROOT/build/dtcp-up" --version)" = "dtcp-up $version" ]
    for page in dtcp-up.8 dtcp.conf.5 dtcpd.8 dtcpd.conf.5; do
        grep -q '^\.Os "dtcp-up @VERSION@"$' "$SRC/$page"
    done
    # What CHANGES begins with is this version.
    found=$(grep -m 1 -E '^[^ ]*[0-9]' "$ROOT/CHANGES")
    [[ "$found," == "$version,"* ]]
    # Nobody else says it.
    run grep -rlF --exclude=CHANGES "$version" "$ROOT"/{src,hooks,etc,README.md,README.ja.md,CONTRIBUTING.md}
    echo "$output"
    [ "$status" -eq 1 ]
}
