# Functions for tests that run inside the lab: the network, and what runs in
# it. Load it in a BATS file with
#
#     load lab
#
# and have `setup() { lab_up; }` and `teardown() { lab_end; }`.
# shellcheck shell=bash source-path=SCRIPTDIR
#
#                     2001:db8:c0de::/48                       2001:db8:6::/64
#    +-----+ lan0      +----------+ wan        acc +----------+ net0      +-------+
#    | lan |-----------| customer |----------------| provider |-----------| host6 |
#    +-----+ eth0      +----------+                +----------+      eth0 +-------+
#            192.168.7.0/24    :     203.0.113.0/24     : 198.51.100.1 (lo)
#                              :                        : 2001:db8:6::1, ::2
#                              :..... sit tunnel .......:
#
# With `lab_up --nat` a router stands between them that translates addresses:
#
#    +----------+ wan       in0 +-----+ out0       acc +----------+
#    | customer |---------------| nat |----------------| provider |
#    +----------+               +-----+                +----------+
#             192.168.1.2   192.168.1.1
#                             203.0.113.2          203.0.113.1
#
# Each box is a network namespace. They share files and processes, so
# /etc/ppp, /etc/dhcp and /run are the customer's; the provider's pppd has
# /etc/netns/provider/ppp in place of /etc/ppp.

# Programs, and bash's own forks, take much of a test's time in user-mode-linux:
# here as below none is started that can be done without.
if [[ ${BASH_SOURCE[0]} =~ ^(/[^.]*)/lab/lab\.bash$ ]]; then
	LAB_TESTS=${BASH_REMATCH[1]}
else
	LAB_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
fi
LAB_PROJECT=${LAB_TESTS%/*}
export LAB_SERVER4=198.51.100.1      # the DTCP server, the far end of tunnels
export LAB_PROVIDER4=203.0.113.1     # the provider on the access link
export LAB_CLIENT4=203.0.113.50      # what lab_static gives the customer
export LAB_HOST6=2001:db8:6::2       # the IPv6 host behind the provider
export LAB_PREFIX=2001:db8:c0de::/48 # what the DTCP server delegates
export LAB_NATIVE=2001:db8:aaaa      # native IPv6 on the access link, a /64
# Where the lab has no clock of its own (clock.c), limits are this many times what
# is written down: boot says how slow the machine is.
LAB_SLOW=${LAB_SLOW:-1}
DTCP_UP=${DTCP_UP:-$LAB_PROJECT/build/dtcp-up}
RUN_DIR=/run/dtcp-up
FAR_RUN=/run/lab/far-run # dtcpd's
ACCOUNTS=/etc/ppp/dtcp.conf
# What is read from here and never written by anyone: a sleep without a program.
exec {LAB_NEVER}<>/run/lab/never

# shellcheck source=../where.bash
. "$LAB_TESTS/where.bash"
# shellcheck source=boxes.bash
. "$LAB_TESTS/lab/boxes.bash"
# shellcheck source=links.bash
. "$LAB_TESTS/lab/links.bash"
# shellcheck source=server.bash
. "$LAB_TESTS/lab/server.bash"
# shellcheck source=filter.bash
. "$LAB_TESTS/lab/filter.bash"
# shellcheck source=assert.bash
. "$LAB_TESTS/lab/assert.bash"

# Run a command in one of the boxes.
LAB_ENTER=$LAB_PROJECT/build/lab/enter
customer() { "$LAB_ENTER" customer "$@"; }
provider() { "$LAB_ENTER" provider "$@"; }
host6() { "$LAB_ENTER" host6 "$@"; }
lan() { "$LAB_ENTER" lan "$@"; }
nat() { "$LAB_ENTER" nat "$@"; }

# dtcp-up in the customer's box.
dtcp_up() { "$LAB_ENTER" customer -t $((60 * LAB_SLOW)) "$DTCP_UP" "$@"; }

# lab_spawn NAME COMMAND...: starts COMMAND (no function) in the background,
# its number in /run/lab/NAME.pid, its output in /run/lab/NAME.log.
lab_spawn() {
	local name=$1
	shift
	: >"/run/lab/$name.log" # what the one before said is not to be read as this one's
	# bats waits for whoever holds descriptor 3 (and 4, with --timing).
	(exec "$@" </dev/null >"/run/lab/$name.log" 2>&1 3>&- 4>&-) &
	echo $! >"/run/lab/$name.pid"
}

# lab_monitor [-6] monitor OBJECT...: what `ip` then hears in the customer's box from
# now on is noted in /run/lab/monitor.log. It does not say that it listens: the kernel
# has a table of who does.
lab_monitor() {
	lab_spawn monitor ip -n customer "$@"
	wait_for 10 lab_listens "$(cat /run/lab/monitor.pid)"
}
# lab_listens PID: it has joined a group of rtnetlink's (protocol 0; the columns are sk,
# Eth, Pid, Groups).
lab_listens() { grep -E "^[^ ]+ +0 +$1 +0*[1-9a-f]" "/proc/$1/net/netlink"; }

# lab_python NAME BOX MODULE [ARGUMENT...]: lab_spawn for `dtcpd` or `stream`,
# whose Python has started already: forkserver.py has it and forks.
lab_python() {
	local name=$1 box=$2 pid requests=/run/lab/forkserver answers=/run/lab/forkserver-answers
	shift 2
	if [ ! -p $requests ]; then
		# Without site and user packages it starts in half the time.
		lab_spawn forkserver /usr/bin/python3 -E -s -S "$LAB_TESTS/lab/forkserver.py" \
			$requests $answers "$LAB_TESTS/server/dtcpd" "$LAB_TESTS/lab/stream"
		wait_for 20 test -p $requests
	fi
	: >"/run/lab/$name.log"
	printf '%s\0' $(($# + 2)) "/run/netns/$box" "/run/lab/$name.log" "$@" >$requests
	read -rt $((10 * LAB_SLOW)) pid <$answers
	echo "$pid" >"/run/lab/$name.pid"
}

# lab_kill NAME [SIGNAL]: ends what lab_spawn started, and waits for that.
lab_kill() {
	local pid
	pid=$(cat "/run/lab/$1.pid")
	kill "-${2:-TERM}" "$pid"
	wait_for 10 lab_gone "$pid"
}

# lab_gone PID: that process has ended (it may be a zombie). One whose first thread
# is a zombie has its files still, while another thread (num_threads of proc(5))
# has not ended.
lab_gone() {
	local line words
	[ -e "/proc/$1" ] || return 0
	read -r line <"/proc/$1/stat" || return 0
	read -ra words <<<"${line##*) }"
	[[ ${words[0]} == Z && ${words[17]} -le 1 ]]
} 2>/dev/null

# lab_sleep SECONDS: without starting a program.
lab_sleep() { read -rt "$1" -u "$LAB_NEVER" || true; }

# lab_lines PATTERN FILE: grep -E without starting a program, which a test that waits
# does a hundred times.
lab_lines() {
	local lines line found=1
	mapfile -t lines <"$2" || return
	for line in "${lines[@]}"; do
		[[ $line =~ $1 ]] || continue
		printf '%s\n' "$line"
		found=0
	done
	return $found
}

# wait_for SECONDS COMMAND...: runs COMMAND until it succeeds, 50 ms apart at
# first, then up to 250, after some seconds a tenth of the time that has gone by, up to
# 500; fails, and says so, when it has not after SECONDS (an integer) of the lab's time.
wait_for() {
	local limit=$(($1 * LAB_SLOW)) began=${EPOCHREALTIME/./} end pause=50 text
	shift
	end=$((began + limit * 1000000))
	until "$@" >/dev/null 2>&1; do
		if [ "${EPOCHREALTIME/./}" -ge "$end" ]; then
			echo "waited $limit s in vain for: $*" >&2
			return 1
		fi
		printf -v text '0.%03d' $pause
		lab_sleep "$text"
		if [ $pause -lt 200 ]; then
			pause=$((pause * 5 / 4))
		else
			pause=$(((${EPOCHREALTIME/./} - began) / 10000))
			pause=$((pause < 250 ? 250 : pause > 500 ? 500 : pause))
		fi
	done
}

# lab_clock: begins to measure. lab_took MS: fails when more than MS of the lab's time
# have gone by since; they are in $took. No process is started, whose time would count.
lab_clock() { lab_began=${EPOCHREALTIME/./}; }
lab_took() {
	took=$(((${EPOCHREALTIME/./} - lab_began) / 1000))
	echo "took $took ms"
	[ $took -le $(($1 * LAB_SLOW)) ]
}

# not COMMAND...: for wait_for, and since bats does not notice `!`.
not() {
	if "$@"; then
		return 1
	fi
}

# Puts back the files that tests change. The first call in a lab notes what
# they are, without hooks and accounts that this machine may have of its own.
lab_restore_files() {
	local kept=/run/lab/kept
	if [ ! -d $kept ]; then
		mkdir -p $kept
		find /etc/ppp/*.d /etc/dhcp/dhclient-*-hooks.d -type f \
			! -name 0000usepeerdns ! -name rfc3442-classless-routes -delete
		rm -f /etc/ppp/ip-up.local /etc/ppp/ip-down.local "$ACCOUNTS"
		rm -rf /etc/ppp/peers/* /etc/netns
		lab_ppp_files
		cp -a /etc/ppp /etc/dhcp $kept
	fi
	rm -rf /etc/ppp /etc/dhcp "$RUN_DIR" "$FAR_RUN" /run/lab/*.{pid,log,leases}
	cp -a $kept/ppp $kept/dhcp /etc
	: >/run/lab/syslog
}

# lab_make_install DIR [NAME=VALUE...]: `make install` of the program that was
# built before, by a compiler that need not run in here: the first time into DIR,
# and each time from there. The account file is the test's own.
lab_make_install() {
	local dest=$1 build=${BUILD:-build}
	shift
	[ -d "$dest" ] || make -s -C "$LAB_PROJECT" BUILD="$build" -o "$build/dtcp-up" -o "$build/dtcpd" install \
		DESTDIR="$dest" ACCOUNTS= "$@" >/dev/null
	# /lib may be a link, what is copied goes to where it leads.
	if [ -L /lib ] && [ -d "$dest/lib" ]; then
		mkdir -p "$dest/usr/lib"
		cp -a "$dest/lib/." "$dest/usr/lib/"
		rm -r "${dest:?}/lib"
	fi
	cp -a "$dest/." /
}

# lab_delay MS [BOX DEV]: round trip time on the access link, or on the link
# of DEV in BOX.
lab_delay() {
	local box=${2:-customer} dev=${3:-wan}
	ip netns exec "$box" tc qdisc replace dev "$dev" root netem delay "$1ms"
}

# lab_settled BOX DEV: each IPv6 address there can be bound: none is tentative any more, as
# they are for a moment even where there is no duplicate address detection.
lab_settled() { [ -z "$(ip -n "$1" -6 -o addr show dev "$2" tentative)" ]; }

# lab_link BOX DEV up|down
lab_link() { ip -n "$1" link set dev "$2" "$3"; }
