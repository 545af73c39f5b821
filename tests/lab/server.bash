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
lab_dtcpd_count() { lab_dtcpd_log "$1" | wc -l; }

# lab_account [WORDS...]: writes the account file: one line for lab_dtcpd_start's
# server, with WORDS (`type=host`) after it.
lab_account() {
	(umask 077 && echo "$LAB_SERVER4 20200 foo bar $*" >"$ACCOUNTS")
}

# lab_filter BOX 4|6 TABLE CHAIN NAME [RULE...]: has CHAIN of TABLE begin with
# these rules; a later call with the same NAME replaces them. (The user-mode
# kernel has no nf_tables for IP.)
lab_filter() {
	local box=$1 program=iptables table=$3 chain=$4 name=$5
	[ "$2" = 4 ] || program=ip6tables
	shift 5
	{
		echo "*$table"
		echo ":$name - [0:0]" # made, or emptied
		[ $# = 0 ] || printf -- "-A $name %s\n" "$@"
		echo "-I $chain -j $name" # once more does no harm
		echo COMMIT
	} | ip netns exec "$box" "$program-$(cat /run/lab/iptables)-restore" --noflush
}

# lab_proto41 pass|in|out|both: filters protocol 41 at the provider: `in` from
# the customer, `out` to it. TCP goes on.
lab_proto41() {
	local in=() out=()
	case $1 in in | both) in=('-p 41 -j DROP') ;; esac
	case $1 in out | both) out=('-p 41 -j DROP') ;; esac
	lab_filter provider 4 raw PREROUTING proto41 "${in[@]}"
	lab_filter provider 4 mangle POSTROUTING proto41 "${out[@]}"
}

# lab_path_mtu BYTES|off: the provider drops longer protocol 41 packets from
# the customer without a word.
lab_path_mtu() {
	local rule=()
	[ "$1" = off ] || rule=("-p 41 -m length --length $(($1 + 1)):65535 -j DROP")
	lab_filter provider 4 raw PREROUTING pathmtu "${rule[@]}"
}

# lab_silence on|off: the provider drops all of the customer's TCP to port
# 20200 and its answers, as when the server vanishes.
lab_silence() {
	local in=() out=()
	if [ "$1" = on ]; then
		in=('-p tcp --dport 20200 -j DROP') out=('-p tcp --sport 20200 -j DROP')
	fi
	lab_filter provider 4 raw PREROUTING silence "${in[@]}"
	lab_filter provider 4 mangle POSTROUTING silence "${out[@]}"
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

# lab_dns_dead: the customer's name server never answers.
lab_dns_dead() {
	lab_filter provider 4 raw PREROUTING dead-dns '-p udp --dport 53 -j DROP'
	echo "nameserver $LAB_SERVER4" >/etc/resolv.conf
}
