# The DTCP server and the far end of the tunnel. Part of lab.bash, which see.
# shellcheck shell=bash

# lab_dtcpd_start [DTCPD-OPTION...]: the DTCP server, in the provider, with the
# account `foo`, password `bar`, prefix $LAB_PREFIX. Options and switches are
# those of tests/server/dtcpd.py (`--set dialect=feel6`).
lab_dtcpd_start() {
	rm -f /run/lab/dtcpd-control
	lab_python dtcpd provider dtcpd --listen "$LAB_SERVER4" --user foo bar "$LAB_PREFIX" \
		--log /run/lab/dtcpd-events.log --control /run/lab/dtcpd-control "$@"
	wait_for 10 lab_dtcpd_settled
	lab_dtcpd_serves || {
		cat /run/lab/dtcpd.log >&2
		return 1
	}
}
lab_dtcpd_settled() { lab_dtcpd_serves || lab_gone "$(</run/lab/dtcpd.pid)"; }
lab_dtcpd_serves() {
	local line
	read -r line </run/lab/dtcpd.log && [[ $line == port* ]]
}

# lab_dtcpd_stop [SIGNAL]: TERM removes its tunnels; KILL leaves them, and
# closes the connections.
lab_dtcpd_stop() { lab_kill dtcpd "${1:-TERM}"; }

# lab_dtcpd_command COMMAND: `set SWITCH=VALUE`, `do CONNECTION|all ACTIONS`;
# returns when the server has done it, fails when it could not.
lab_dtcpd_command() {
	local token=$RANDOM$RANDOM
	printf '%s %s\n' $token "$*" >/run/lab/dtcpd-control
	wait_for 5 grep -q "^[0-9.]* 0 control-[a-z]* $token" /run/lab/dtcpd-events.log
	grep -q "^[0-9.]* 0 control-ok $token" /run/lab/dtcpd-events.log
}

# lab_dtcpd_set SWITCH=VALUE...
lab_dtcpd_set() {
	local switch
	for switch in "$@"; do
		lab_dtcpd_command "set $switch" || return
	done
}

# lab_dtcpd_log [EVENT]: its log, or the lines of one event.
lab_dtcpd_log() {
	if [ $# = 0 ]; then
		cat /run/lab/dtcpd-events.log
	else
		awk -v event="$1" '$3 == event' /run/lab/dtcpd-events.log
	fi
}

# lab_dtcpd_count EVENT: how often it happened (login, login-ok, received, ...).
lab_dtcpd_count() {
	local event count=0
	while read -r _ _ event _; do
		[ "$event" != "$1" ] || count=$((count + 1))
	done </run/lab/dtcpd-events.log
	echo $count
}

# lab_account [WORDS...]: writes the account file: one line for lab_dtcpd_start's
# server, with WORDS (`type=host`) after it.
lab_account() {
	(umask 077 && echo "$LAB_SERVER4 20200 foo bar $*" >"$ACCOUNTS")
}

# lab_far_interfaces: names of the provider's tunnel interfaces.
lab_far_interfaces() {
	ip -n provider -o link show type sit | sed 's/^[0-9]*: \([^@:]*\).*/\1/' |
		grep -vx sit0
}

# lab_dns_start [NAME...]: a name server at the provider that knows NAMEs
# (dtcp.example) as the DTCP server's address; the customer asks it.
lab_dns_start() {
	local args=() name
	for name in "${@:-dtcp.example}"; do
		args+=("--address=/$name/$LAB_SERVER4")
	done
	lab_spawn dns ip netns exec provider dnsmasq --keep-in-foreground \
		--conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces \
		--listen-address="$LAB_SERVER4" --log-queries --log-facility=- \
		"${args[@]}"
	wait_for 5 grep -q started /run/lab/dns.log
	echo "nameserver $LAB_SERVER4" >/etc/resolv.conf
}
