#!/usr/bin/env bats
# Somebody else removes what is ours: it comes back, but not in a fight for
# ever, and nothing is half up meanwhile.

load lab

setup() {
	lab_up
	lab_static
	lab_dtcpd_start
	lab_account ping=1
	dtcp_up "$LAB_CLIENT4"
}

teardown() {
	lab_end
}

is_up() { dtcp_up --status; }

works() { is_up && lab_ping6 customer "$LAB_HOST6"; }

@test "an interface that somebody removes is built anew" {
	ip -n customer link del dtcp0
	wait_for 15 works
	[ "$(lab_log 'somebody removed the interface' | wc -l)" = 1 ]
	dtcp_up --down
	assert_nothing_left
}

@test "a route that somebody removes is built anew" {
	ip -n customer -6 route del default dev dtcp0
	wait_for 15 works
	ip -n customer -6 route show default | grep 'dev dtcp0'
	dtcp_up --down
	assert_nothing_left
}

@test "an address that somebody removes is built anew" {
	ip -n customer addr del "${LAB_PREFIX%/*}1/128" dev dtcp0
	wait_for 15 works
	ip -n customer -6 addr show dev dtcp0 | grep " ${LAB_PREFIX%/*}1/128 "
	lab_log "somebody removed the tunnel's address; it is built anew"
}

@test "so is the one of a host" {
	dtcp_up --down
	lab_account type=host ping=1
	dtcp_up "$LAB_CLIENT4"
	ip -n customer addr del 2001:db8:c0de::6 peer 2001:db8:c0de::5/128 dev dtcp0
	again() { [ "$(lab_log ': up: ' | wc -l)" = 3 ] && ip -n customer -6 addr show dev dtcp0 | grep ' peer '; }
	wait_for 15 again
}

@test "a route that goes while the kernel has too much to tell is made again" {
	local pid i
	pid=$(<"$RUN_DIR/dtcp0.pid")
	kill -STOP "$pid"
	for ((i = 0; i < 1000; i++)); do
		echo "addr add 10.1.$((i / 250)).$((i % 250))/32 dev lan0"
	done | ip -n customer -batch -
	ip -n customer -6 route flush dev dtcp0 proto 202
	not lab_ping6 customer "$LAB_HOST6"
	kill -CONT "$pid"
	wait_for 5 lab_log 'too many changes of addresses and routes'
	wait_for 5 works
	[ "$(ip -n customer -6 route show dev dtcp0 proto 202 | wc -l)" = 2 ]
	dtcp_up --down
	assert_nothing_left
}

@test "an interface that somebody sets down is built anew" {
	ip -n customer link set dtcp0 down
	wait_for 15 works
}

# A network manager that takes our routes for its own does so each time.
@test "against somebody who goes on, at keepalives only, and again at once when it is over" {
	lab_spawn meddler ip netns exec customer bash -c \
		'while :; do ip -6 route del default dev dtcp0 2>/dev/null; read -rt 1.2 <> <(:); done'
	wait_for 20 lab_log 'removed a route into the tunnel, again and again; .* at keepalives only'
	lab_sleep 10
	[ "$(lab_dtcpd_count login)" = 1 ]
	[ "$(lab_log 'somebody removed' | wc -l)" = 6 ]
	lab_kill meddler KILL
	wait_for 40 works
	dtcp_up --down
	assert_nothing_left
}

@test "while somebody goes on the tunnel moves all the same, and its routes are withdrawn" {
	lab_spawn meddler ip netns exec customer bash -c \
		'while :; do ip -6 route del default dev dtcp0 2>/dev/null; read -rt 1.2 <> <(:); done'
	wait_for 20 lab_log 'removed a route into the tunnel, again and again'
	lab_kill meddler KILL
	lab_static 203.0.113.77
	moved() { works && ip -n customer tunnel show dtcp0 | grep 'local 203.0.113.77 '; }
	wait_for 10 moved
	lab_proto41 both
	withdrawn() { [ -z "$(ip -n customer -6 route show table all dev dtcp0 proto 202)" ]; }
	wait_for 20 withdrawn
}
