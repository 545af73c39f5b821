# The parts of the soak, in the lab. Load it after lab.bash.
# shellcheck shell=bash

# soak_network [DTCPD-OPTION...]: both addresses of the moves are there from the
# start.
soak_network() {
	lab_up
	lab_static
	ip -n customer addr add 203.0.113.51/24 dev wan
	lab_account lan=lan0 path=trust # for a server that builds nothing
	lab_dtcpd_start "$@"
}

# soak_cycles sessions|moves COUNT LOOKS: prints what soak.py does.
soak_cycles() {
	case $1 in
	sessions) soak_network --set tunnel=off ;; # ip(8) would be most of the time
	moves) soak_network ;;
	esac
	customer /usr/bin/python3 -E -s -S "$LAB_TESTS/soak/soak.py" "$1" "$DTCP_UP" "$2" "$3" \
		"$LAB_CLIENT4" 203.0.113.51 || return
	dtcp_up --down
	assert_nothing_left || echo 'failed: something is left'
}

# soak_storm CALLS: at random, from four processes; then nothing is left.
soak_storm() {
	soak_network
	customer /usr/bin/python3 -E -s -S "$LAB_TESTS/lab/storm.py" "$DTCP_UP" "$LAB_CLIENT4" "$1"
	dtcp_up --down
	assert_nothing_left || echo 'failed: something is left'
}

# soak_refused SECONDS: a server that refuses, a keeper that is asked and told
# to try all the while, and how often it logged in.
soak_refused() {
	local end
	soak_network
	lab_dtcpd_set 'login=err authentication failed.'
	dtcp_up -q -w 0 -p "$LAB_CLIENT4" || [ $? = 75 ]
	end=$((EPOCHSECONDS + $1))
	while [ $EPOCHSECONDS -lt "$end" ]; do
		lab_sleep 2.5
		dtcp_up -q -w 0 "$LAB_CLIENT4" || [ $? = 75 ] || echo 'failed: a hook'
		kill -USR1 "$(<"$RUN_DIR/dtcp0.pid")"
		lab_sleep 2.5
		kill -HUP "$(<"$RUN_DIR/dtcp0.pid")"
	done
	# With the other letter case on the same connection it is one login.
	lab_dtcpd_log accepted | awk -v seconds="$1" '
		NR > 1 && $1 - last < 60 { bad = bad " " $1 - last }
		{ last = $1 }
		END {
			print "refused: logins=" NR, "seconds=" seconds
			if (bad) print "failed: seconds between two logins:" bad
			else if (NR < 2 && seconds > 70) print "failed: it gave up"
			else print "ok"
		}'
	dtcp_up --down
	assert_nothing_left || echo 'failed: something is left'
}

# soak_day EVENTS SEED [BREAK]: a day on a bad line (day.py): two of them, whose provider
# drops what comes with the other one's address. Fails after what helps to understand why.
soak_day() {
	lab_up
	lab_static
	ip -n customer route del default
	ip -n customer route add default via "$LAB_PROVIDER4" metric 100
	lab_second_line 600
	lab_source_checks
	# A link that is made anew there, too.
	provider bash -c 'echo 1 >/proc/sys/net/ipv4/conf/default/rp_filter'
	modprobe -aq sch_ingress cls_basic em_cmp act_gact || true
	lab_account lan=lan0 ping=2
	customer env LAB_SLOW="$LAB_SLOW" /usr/bin/python3 -E -s -S "$LAB_TESTS/soak/day.py" \
		"$DTCP_UP" "$2" "$1" ${3:+"$3"} || {
		lab_why
		ip -n provider addr
		ip -n provider -6 route
		return 1
	}
	assert_nothing_left || echo 'failed: something is left'
}
