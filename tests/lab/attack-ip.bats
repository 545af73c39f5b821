#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # `run` of bats sets status and output
bats_require_minimum_version 1.5.0
# ip(8) that fails, hangs or prints a megabyte at each of its lines and at its
# end, or is missing: on the way up, in a move, on the way down. All of them with
# FAULTS_ALL=1 (make faults); otherwise the first and the end.

load lab
load up

NEXT=203.0.113.51

setup() {
	lab_up
	up_ready lan=lan0 route=default metric=7
	ip -n customer addr add $NEXT/24 dev wan
	FAULTY=$LAB_PROJECT/build/faults/ip
	[ -x "$FAULTY" ] || make -s -C "$LAB_PROJECT" faults-programs >&2
	[ -e /run/lab/ip ] || cp -a "$(readlink -f /usr/sbin/ip)" /run/lab/ip
	rm -f /run/lab/ip-fault
	cp "$FAULTY" /run/lab/faulty
	mv /run/lab/faulty /usr/sbin/ip
}

teardown() {
	up_unwrap_ip
	lab_end
}

# What comes after the last line is the end. The first test keeps these true.
UP_LINES=9 MOVE_LINES=7 DOWN_LINES=6
# By these ip only tells that it has done those before; it waits for the routes then.
UP_TELLS=7 MOVE_TELLS=5
each_of() {
	if [ "${FAULTS_ALL-}" = 1 ]; then
		seq $(($1 + 1))
	else
		printf '%s\n' 1 $(($1 + 1))
	fi
}

break_ip() { echo "$*" >/run/lab/ip-fault; }
was_broken() { [ ! -e /run/lab/ip-fault ]; }

# goes_down [MS]: within that time (2000), and nothing is left. One ip that hangs takes
# 5 s of it.
goes_down() {
	lab_clock
	dtcp_up --down
	lab_took "${1-2000}"
	assert_nothing_left
}

is_at() { up_is up && [[ $(up_tunnel) == *" $1 "* ]]; }

@test "the lines are these, and a megabyte before each of them changes nothing" {
	: >/run/lab/ip-lines
	dtcp_up "$LAB_CLIENT4"
	dtcp_up "$NEXT"
	dtcp_up --down
	cat /run/lab/ip-lines
	[ "$(grep -c '^up ' /run/lab/ip-lines)" = $UP_LINES ]
	[ "$(grep -c '^move ' /run/lab/ip-lines)" = $MOVE_LINES ]
	[ "$(grep -c '^down ' /run/lab/ip-lines)" = $DOWN_LINES ]
	local i up move down
	mapfile -t up < <(each_of $UP_LINES)
	mapfile -t move < <(each_of $MOVE_LINES)
	mapfile -t down < <(each_of $DOWN_LINES)
	for i in "${!up[@]}"; do
		echo "lines ${up[i]} ${move[i]-} ${down[i]-}"
		break_ip up "${up[i]}" megabyte
		dtcp_up "$LAB_CLIENT4"
		was_broken
		up_is up
		if [ -n "${move[i]-}" ]; then
			break_ip move "${move[i]}" megabyte
			dtcp_up "$NEXT"
			was_broken
			is_at "$NEXT"
		fi
		[ -z "${down[i]-}" ] || break_ip down "${down[i]}" megabyte
		goes_down
		was_broken
	done
}

# The fourth line gives the LAN interface its address, which is no reason to fail; nor
# is an ip that fails when it has done all.
@test "on the way up, a line that fails: 71 with what ip said, and nothing is left" {
	local n said='ip: exit status [0-9]+: .*("out" is unknown|out of cheese)'
	for n in $(each_of $UP_LINES); do
		echo "line $n"
		break_ip up "$n" fail
		if [ "$n" = 4 ] || [ "$n" = $UP_TELLS ] || [ "$n" -gt $UP_LINES ]; then
			run -0 dtcp_up "$LAB_CLIENT4"
			[ "$n" = $UP_TELLS ] || up_says "$said"
			up_is up
			goes_down
		else
			up_fails 71 "dtcp0: $said" "$LAB_CLIENT4"
		fi
		was_broken
	done
}

@test "on the way up, a line at which it hangs: --down ends it" {
	local n
	for n in $(each_of $UP_LINES); do
		echo "line $n"
		break_ip up "$n" hang
		run -75 dtcp_up -w 0 "$LAB_CLIENT4"
		wait_for 10 was_broken
		not up_is up
		goes_down 8000
	done
}

@test "in a move, a line that fails: all is built anew at the new address" {
	local n
	for n in $(each_of $MOVE_LINES); do
		echo "line $n"
		dtcp_up "$LAB_CLIENT4"
		break_ip move "$n" fail
		run dtcp_up "$NEXT"
		[ "$status" = $((n > MOVE_LINES || n == MOVE_TELLS ? 0 : 71)) ]
		[ "$n" = $MOVE_TELLS ] || up_says 'dtcp0: .*ip: exit status [0-9]+: .*("out" is unknown|out of cheese)'
		was_broken
		wait_for 20 is_at "$NEXT"
		goes_down
	done
}

@test "in a move, a line at which it hangs: --down ends it" {
	local n
	for n in $(each_of $MOVE_LINES); do
		echo "line $n"
		dtcp_up "$LAB_CLIENT4"
		break_ip move "$n" hang
		run -75 dtcp_up -w 0 "$NEXT"
		wait_for 10 was_broken
		not up_is up
		goes_down 8000
	done
}

@test "on the way down, a line that fails or hangs is tried once more: 0, and nothing is left" {
	local n how
	for n in $(each_of $DOWN_LINES); do
		for how in fail hang; do
			echo "line $n $how"
			dtcp_up "$LAB_CLIENT4"
			break_ip down "$n" $how
			goes_down 8000
			was_broken
		done
	done
}

# without_ip [OPTION...]: dtcp-up while there is no ip(8); sets status, output.
without_ip() {
	rm -f /usr/sbin/ip
	mv /usr/bin/ip /run/lab/hidden
	run dtcp_up "$@"
	mv /run/lab/hidden /usr/bin/ip
	cp -a /run/lab/ip /usr/sbin/ip
	echo "without ip $*: $status: $output"
}

@test "it is missing on the way up, in a move, on the way down: 71, and the next call puts all right" {
	lab_dtcpd_set tunnel=off # it would miss it too
	lab_account lan=lan0 metric=7 path=trust
	without_ip "$LAB_CLIENT4"
	[ "$status" = 71 ]
	up_says 'dtcp0: ip\(8\) of iproute2 is not installed'
	assert_nothing_left
	dtcp_up "$LAB_CLIENT4"
	without_ip "$NEXT"
	[ "$status" = 71 ]
	up_says 'dtcp0: ip\(8\) of iproute2 is not installed'
	dtcp_up "$NEXT"
	is_at "$NEXT"
	without_ip --down
	[ "$status" = 71 ]
	up_says 'dtcp0: could not be removed and is left'
	dtcp_up --down
	assert_nothing_left
}
