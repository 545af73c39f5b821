#!/usr/bin/env bats
# The bench's arithmetic: what it makes of samples and of traces.

load ../where

setup() {
	bench=$BATS_TEST_DIRNAME
	cd "$BATS_TEST_TMPDIR" || return
	echo '{"processor": "a machine"}' >machine.json
}

report() { timeout 300 python3 "$bench/report.py" samples machine.json out.json; }

@test "report: medians, quartiles, ratios and goals, as table and as JSON" {
	for us in 1000 9000 2000 3000 4000; do echo "up-0.2 floor $us"; done >samples
	for us in 3450 3450 3450 1000 9000; do echo "up-0.2 dtcp-up $us"; done >>samples
	echo 'up-0.2 perl 10000' >>samples
	report >table
	grep -F '3.45 ms' table | grep -F 'floor 3 ms (2 to 4)' | grep -F '| 1.15 ' | grep -F '| ≤ 1.3 ' | grep -F '| met'
	grep -F 'perl 10 ms' table | grep -F MISSED
	jq -e '.figures[0] | .subjects.floor.median == 3 and .subjects.floor.low == 2 and
		.subjects.floor.max == 9 and .subjects.floor.n == 5' out.json
	jq -e '.figures[0].goals | .[0].met and (.[1].met | not) and
		((.[1].ratio - 0.345) | fabs < 1e-9)' out.json
	jq -e '.machine.processor == "a machine"' out.json
}

@test "report: a ratio a hundredth beyond its goal is missed" {
	printf '%s\n' 'redial floor 1000' 'redial dtcp-up 1160' >samples
	report | grep -F 1.16 | grep -F MISSED
	printf '%s\n' 'redial floor 1000' 'redial dtcp-up 1150' >samples
	report | grep -F 1.15 | grep -F '| met'
}

@test "report: round trips follow from two distances" {
	printf '%s\n' 'up-0.2 dtcp-up 10000' 'up-200 dtcp-up 1009000' >samples
	report | grep -F 'round trips' | grep -F '| 5 ' | grep -F '| met'
	printf '%s\n' 'up-0.2 dtcp-up 10000' 'up-200 dtcp-up 1208800' >samples
	report | grep -F 'round trips' | grep -F '| 6 ' | grep -F MISSED
}

@test "report: limits without a peer, and memory against two" {
	printf '%s\n' 'programs-renew dtcp-up 0' 'wake-ups dtcp-up 1' 'dirty dtcp-up 264' \
		'dirty sleeper 88' 'dirty perl 2112' 'size dtcp-up 81920' >samples
	report >table
	grep 'renewal' table | grep -F '| met'
	grep 'wake-ups' table | grep -F MISSED
	grep 'Pss_Dirty' table | grep -F '| 0.12 ' | grep -F '| met'
	grep 'sleeper 88' table | grep -F '| 3.00 ' | grep -F '| met'
	grep 'size' table | grep -F '80 KiB'
}

@test "report: a crowd on dtcpd, by its number, beside the bare server and by itself" {
	printf '%s\n' 'far-crowd dtcpd 1000' 'far-crowd dtcpd 1000' 'far-dirty dtcpd 4096' 'far-dirty bare 512' \
		'far-ping dtcpd 210000' 'far-ping bare 100000' 'far-back new 15000001' 'far-back again 3000000' \
		'far-programs new 199' 'far-one crowd 150000' 'far-one alone 100000' \
		'far-forged crowd 12100' 'far-forged alone 10000' >samples
	report >table
	grep 'each of 1,000 sessions' table | grep -F '4 KiB' | grep -F '| met'
	grep -F 'bare 0.5 KiB' table | grep -F '| 8.00 '
	grep 'a ping, 1,000' table | grep -F '210 µs' | grep -F 'bare 100 µs' | grep -F '| 2.10 ' | grep -F MISSED
	grep '1,000 clients' table | grep -F '15 s' | grep -F MISSED
	grep 'again 3 s' table | grep -F '| 5.00 '
	grep 'programs run' table | grep -F '| met'
	grep 'a login, 1,000' table | grep -F '| 1.50 ' | grep -F '| met'
	grep 'forged' table | grep -F '12.1 µs' | grep -F '| 1.21 ' | grep -F MISSED
	sed -i 's/programs new 199/programs new 200/; s/crowd 150000/crowd 151000/' samples
	report >table
	grep 'programs run' table | grep -F MISSED
	grep 'a login' table | grep -F MISSED
}

trace() {
	cat <<-'END'
		10 1.000 execve("/x/dtcp-up", ["dtcp-up"], 0x0) = 0
		10 1.001 clone(child_stack=NULL) = 11
		11 1.002 poll([], 1, -1 <unfinished ...>
		11 1.003 <... poll resumed>) = 1
		11 1.004 clone3({flags=CLONE_VM|CLONE_VFORK}, 88 <unfinished ...>
		12 1.005 dup2(3, 0) = 0
		12 1.006 execve("/sbin/ip", ["ip"], 0x0 <unfinished ...>
		11 1.007 <... clone3 resumed>) = 12
		12 1.008 <... execve resumed>) = 0
		12 1.009 brk(NULL) = 0x1
		12 1.010 +++ exited with 0 +++
		10 1.011 exit_group(0) = ?
		10 1.012 +++ exited with 0 +++
		11 1.013 close(3) = 0
	END
}

@test "count: calls outside ip, and programs, until the command returns" {
	trace >t
	[ "$(python3 "$bench/count.py" up t)" = '7 1' ]
	[ "$(python3 "$bench/count.py" programs t)" = 2 ]
	# One that is not there is tried in vain.
	sed -i 's/<... execve resumed>) = 0/<... execve resumed>) = -1 ENOENT/' t
	[ "$(python3 "$bench/count.py" programs t)" = 1 ]
}

@test "count: a keepalive is what lies between two waits and pinged" {
	for second in 1 2 3 4; do
		echo "20 $second.00 <... poll resumed>) = 1"
		printf '%s sendto(4, "ping\\r\\n", 6) = 6\n' "20 $second.01"
		echo "21 $second.02 recvfrom(4, \"+OK\", 9) = 3"
		echo "21 $second.02 clock_gettime(CLOCK_MONOTONIC, {tv_sec=3, tv_nsec=0}) = 0"
		echo "21 $second.02 time(NULL) = 1795616851"
		echo "20 $second.03 poll([], 1, -1 <unfinished ...>"
	done >t
	echo '20 3.50 close(7) = 0' >>t
	sort -k 2 -n -o t t
	[ "$(python3 "$bench/count.py" keepalives t)" = "$(printf '3 5\n3 5')" ]
}

@test "README.md here shows the table of the run that is kept, row by row" {
	python3 "$bench/report.py" --table "$bench/run.json" >table
	[ "$(wc -l <table)" -ge 20 ]
	sed -n '/^## What has been measured/,/^The run is of/p' "$bench/README.md" | grep '^|' | diff - table
}

@test "waits: each process until the first one ends, and what it waits for" {
	cat >trace <<-'END'
		10 1.000000 execve("/x/dtcp-up", ["dtcp-up"], 0x0 /* 1 var */) = 0 <0.001000>
		10 1.002000 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
		11 1.003000 close(3) = 0 <0.000100>
		10 1.003500 <... clone resumed>) = 11 <0.001500>
		10 1.004000 poll([{fd=4, events=POLLIN}], 1, 1000 <unfinished ...>
		11 1.005000 clone3({flags=CLONE_VM|CLONE_VFORK}, 88 <unfinished ...>
		12 1.006000 execve("/sbin/ip", ["ip"], 0x0 /* 1 var */ <unfinished ...>
		11 1.006500 <... clone3 resumed>) = 12 <0.001500>
		12 1.007000 <... execve resumed>) = 0 <0.001000>
		12 1.008000 read(0, "tunnel add", 4096) = 10 <0.020000>
		11 1.009000 futex(0x1, FUTEX_WAKE_PRIVATE, 1) = 0 <0.005000>
		11 1.020000 wait4(12, [{WIFEXITED(s)}], 0, NULL) = 12 <0.000500>
		10 1.054000 <... poll resumed>) = 1 ([{fd=4, revents=POLLIN}]) <0.050000>
		10 1.055000 exit_group(0) = ?
		10 1.055500 +++ exited with 0 +++
		11 1.900000 poll([], 0, 5000) = 0 <5.000000>
	END
	timeout 300 python3 "$bench/waits.py" trace >out
	cat out
	diff <(tr -s ' ' <out) - <<-'END'
		process from to waits else calls (ms)
		 1 dtcp-up 0.0 55.5 50.0 5.5 4
		 2 dtcp-up, by 1 3.0 20.5 0.5 17.0 4
		 3 ip 6.0 28.0 20.0 2.0 2

		waits of 1 ms and more
		 from to ms process
		 4.0 54.0 50.0 1 dtcp-up: poll([{fd=4, events=POLLIN}], 1, 1000
		 8.0 28.0 20.0 3 ip: read(0, "tunnel add", 4096) = 10 <0.020000>
	END
	timeout 300 python3 "$bench/waits.py" trace 0.1 | grep -F '2 dtcp-up, by 1: wait4(12'
	: >empty
	run timeout 300 python3 "$bench/waits.py" empty
	[ "$status" = 1 ] && [[ $output == 'empty: no trace of strace -f -ttt -T' ]]
}
