#!/usr/bin/env bats
# SIGKILL, and a run directory that is full or read-only: the next command puts
# all right, unreachable routes and LAN addresses included.
bats_require_minimum_version 1.5.0

load lab
load up
load stay

setup() {
	lab_up
	up_ready lan=lan0 ping=1
}

teardown() {
	mountpoint -q "$RUN_DIR" && umount -l "$RUN_DIR"
	lab_end
}

# kill_all: SIGKILL for keeper and session at the same moment. What they made
# stays in the kernel.
kill_all() {
	local pid pids=()
	while read -r pid _; do
		pids+=("$pid")
	done < <(lab_processes)
	kill -KILL "${pids[@]}"
	for pid in "${pids[@]}"; do
		wait_for 5 lab_gone "$pid"
	done
	stay_is down
	lab_state | grep 'link dtcp0'
	lab_state | grep 'address lan0'
	lab_state | grep 'unreachable 2001'
}

# is_whole: the tunnel is up, once, and carries packets.
is_whole() {
	stay_is up
	[ "$(lab_state | grep -c dtcp0)" = 5 ] # interface, address with its own route, two routes
	[ "$(lab_state | grep -c unreachable)" = 2 ]
	[ "$(lab_state | grep -c 'address lan0 2001')" = 1 ]
	[ "$(lab_processes | grep -c .)" = 2 ]
	lab_ping6 customer ff02::1 -I dtcp0
}

@test "all killed: --down removes everything" {
	stay_up
	kill_all
	dtcp_up --down
	assert_nothing_left
}

@test "all killed: the next dtcp-up is up, and takes all down at its end" {
	stay_up
	kill_all
	stay_up
	is_whole
	stay_end down
}

@test "all killed, and the account asks for something else by now" {
	lab_account lan=lan0,wan:5 ping=1
	stay_up
	kill_all
	lab_account lan=lan0:7 ping=1
	stay_up
	[ "$(lab_state | grep "^address lan0")" = 'address lan0 2001:db8:c0de:7::1/64' ]
	stay_end down
}

@test "the keeper is killed: its session ends too, and says quit" {
	stay_up
	kill -KILL "$(stay_pid)"
	wait_for 5 stay_is down
	wait_for 5 quit_came
	wait_for 5 not lab_processes_live
	stay_up
	is_whole
	kill -KILL "$(stay_pid)"
	dtcp_up --down
	assert_gone_within 5
}
quit_came() { lab_dtcpd_log received | grep -q quit; }
lab_processes_live() { lab_processes | grep -q .; }

@test "the session is killed: another one logs in, and nobody notices" {
	stay_up
	local index keeper
	index=$(stay_index)
	keeper=$(stay_pid)
	kill -KILL "$(lab_processes | awk -v keeper="$keeper" '$1 != keeper { print $1 }')"
	again() { [ "$(lab_dtcpd_count login-ok)" = 2 ] && stay_is up; }
	wait_for 8 again
	[ "$(stay_pid)" = "$keeper" ]
	[ "$(stay_json reconnects)" = 1 ]
	[ "$(stay_index)" = "$index" ]
	is_whole
	stay_end TERM
}

@test "killed in the middle of building, of moving, of removing" {
	ip -n customer addr add 203.0.113.51/24 dev wan
	stay_fake_ip
	local what next
	for what in build move remove; do
		for next in down up; do
			stay_ip_does work
			[ $what = build ] || stay_faked "$LAB_CLIENT4"
			stay_ip_does hang-after
			case $what in
			build) stay_faked -w 0 "$LAB_CLIENT4" || [ $? = 75 ] ;;
			move) stay_faked -w 0 203.0.113.51 || [ $? = 75 ] ;;
			remove) kill -TERM "$(stay_pid)" ;;
			esac
			wait_for 5 pgrep -fx 'sleep 1000'
			kill_processes
			if [ $next = up ]; then
				stay_up
				is_whole
			fi
			dtcp_up --down
			assert_nothing_left
		done
	done
}
kill_processes() {
	# One word a process is meant. A session that says quit may end by itself
	# before its turn comes.
	# shellcheck disable=SC2046
	kill -KILL $(lab_processes | cut -d ' ' -f 1) $(pgrep -fx 'sleep 1000') || :
	wait_for 5 no_processes
}
no_processes() { [ -z "$(lab_processes)" ]; }

# As a container that was killed leaves it to the one that is started in its place.
@test "the state of a network namespace that is gone: nothing of that is removed here, and the next one starts" {
	stay_up
	kill_processes
	cp "$RUN_DIR/dtcp0.state" /run/lab/kept-state
	sed -i 's/^netns=.*/netns=7/' "$RUN_DIR/dtcp0.state"
	grep -qx in_kernel=1 "$RUN_DIR/dtcp0.state"
	dtcp_up --down
	ip -n customer link show dtcp0 # whoever has made that
	not test -e "$RUN_DIR/dtcp0.state"
	cp /run/lab/kept-state "$RUN_DIR/dtcp0.state"
	dtcp_up --down
	assert_nothing_left
	# One that ended by itself there.
	lab_spawn other unshare --net "$DTCP_UP" --foreground --persist
	wait_for 20 test -s "$RUN_DIR/dtcp0.state"
	run dtcp_up "$LAB_CLIENT4"
	[ "$status" = 71 ]
	[[ $output == *'another network namespace'* ]]
	lab_kill other KILL
	stay_up
	is_whole
	stay_end down
}

@test "a stale pidfile names somebody else: that process is left alone" {
	lab_spawn other sleep 100
	mkdir -p "$RUN_DIR"
	cp /run/lab/other.pid "$RUN_DIR/dtcp0.pid"
	dtcp_up --down
	assert_nothing_left
	cp /run/lab/other.pid "$RUN_DIR/dtcp0.pid"
	stay_up
	[ "$(stay_pid)" != "$(</run/lab/other.pid)" ]
	kill_all
	cp /run/lab/other.pid "$RUN_DIR/dtcp0.pid"
	dtcp_up --down
	assert_nothing_left
	not lab_gone "$(</run/lab/other.pid)"
}
