# Where every system call fails once: a server without tunnels of its own, and
# the far end of two of them, made once. Load it after lab.
# shellcheck shell=bash

FAULTS=$LAB_PROJECT/build/faults

# faults_ready: the customer has two addresses, and each a far end.
faults_ready() {
	[ -x "$FAULTS/fail" ] || make -s -C "$LAB_PROJECT" faults-programs >&2
	lab_static
	# Else addresses go on changing for a second.
	customer bash -c 'echo 0 >/proc/sys/net/ipv6/conf/lan0/accept_dad'
	ip -n customer addr add 203.0.113.51/24 dev wan
	lab_dtcpd_start --set tunnel=off
	lab_account lan=lan0 ping=240 path=trust # nothing is built at the far end
	local i
	for i in 50 51; do
		ip -n provider -batch - <<-FAR
			tunnel add name far$i mode sit local $LAB_SERVER4 remote 203.0.113.$i ttl 64
			link set far$i up
		FAR
	done
}

# faults_run PROGRAM [OPTION...]: faults.py in the customer's box.
faults_run() {
	local program=$1
	shift
	nsenter --net=/run/netns/customer -- /usr/bin/python3 -E -s -S \
		"$LAB_TESTS/faults/faults.py" "$@" "$program"
}

# faults_far_ready: for dtcpd in the provider, whose clients are sockets of the
# customer's, which has two addresses, and those of strangers.
faults_far_ready() {
	[ -x "$FAULTS/fail" ] || make -s -C "$LAB_PROJECT" faults-programs >&2
	lab_static
	ip -n customer addr add 203.0.113.51/24 dev wan
	ip -n customer route add local 203.0.113.128/25 dev lo
}

# faults_far_run [OPTION...]: far.py in the provider's box.
faults_far_run() {
	nsenter --net=/run/netns/provider -- /usr/bin/python3 -E -s -S \
		"$LAB_TESTS/faults/far.py" "$@" "${DTCPD_PROGRAM:-$LAB_PROJECT/build/dtcpd}"
}
