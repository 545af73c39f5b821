# What the provider drops on its way to the customer and back. Part of lab.bash,
# which see.
#
# By tc, since the one kernel of the lab has no nf_tables for IP and the next no
# iptables.
# shellcheck shell=bash

# lab_tc BOX MODULE...: tc(8) there, its lines from standard input. The kernel cannot
# load the modules by itself here.
lab_tc() {
	local box=$1
	shift
	modprobe -aq "$@" || true
	tc -n "$box" -batch -
}

# lab_drop in|out PLACE [FIELDS...]: on the link to the customer the provider drops
# what comes in or goes out where all of FIELDS, a packet's `WIDTH OFFSET eq|gt
# VALUE` from its IPv4 header on, are so (`u8 9 eq 41`; tc-ematch(8), cmp). A later
# call with the same PLACE, a number, replaces it; without FIELDS nothing is dropped
# there any more.
lab_drop() {
	local way=ingress place=$2
	[ "$1" = in ] || way=egress
	shift 2
	tc -n provider filter del dev acc $way pref "$place" 2>/dev/null || true
	tc -n provider filter del dev acc $way pref $((place + 1)) 2>/dev/null || true
	[ $# = 0 ] || lab_tc provider sch_ingress cls_basic em_cmp act_gact <<-END
		qdisc replace dev acc clsact
		filter add dev acc $way pref $place protocol ip basic match $(lab_match 0 "$@") action drop
		filter add dev acc $way pref $((place + 1)) protocol ppp_ses basic match $(lab_match 8 "$@") action drop
	END
}

# lab_match BYTES FIELDS...: FIELDS in tc's words, BYTES further on (the PPPoE and
# PPP headers are 8).
lab_match() {
	local bytes=$1 field width at is value words=''
	shift
	for field in "$@"; do
		read -r width at is value <<<"$field"
		words+=" and cmp($width at $((at + bytes)) layer network $is $value)"
	done
	echo "${words# and }"
}

# lab_proto41 pass|in|out|both: filters protocol 41 at the provider: `in` from
# the customer, `out` to it. TCP goes on.
lab_proto41() {
	local in=() out=()
	case $1 in in | both) in=('u8 9 eq 41') ;; esac
	case $1 in out | both) out=('u8 9 eq 41') ;; esac
	lab_drop in 10 "${in[@]}"
	lab_drop out 10 "${out[@]}"
}

# lab_path_mtu BYTES|off: the provider drops longer protocol 41 packets from
# the customer without a word.
lab_path_mtu() {
	local long=()
	[ "$1" = off ] || long=('u8 9 eq 41' "u16 2 gt $1")
	lab_drop in 20 "${long[@]}"
}

# lab_silence on|off: the provider drops all of the customer's TCP to port
# 20200 and its answers, as when the server vanishes.
lab_silence() {
	local in=() out=()
	if [ "$1" = on ]; then
		in=('u8 9 eq 6' 'u16 22 eq 20200') out=('u8 9 eq 6' 'u16 20 eq 20200')
	fi
	lab_drop in 30 "${in[@]}"
	lab_drop out 30 "${out[@]}"
}

# lab_dns_dead: the customer's name server never answers.
lab_dns_dead() {
	lab_drop in 40 'u8 9 eq 17' 'u16 22 eq 53'
	echo "nameserver $LAB_SERVER4" >/etc/resolv.conf
}

# lab_dns_asked: whether the customer has asked it.
lab_dns_asked() {
	tc -n provider -s filter show dev acc ingress pref 40 | grep -q 'Sent [1-9]'
}
