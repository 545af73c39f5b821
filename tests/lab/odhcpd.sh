#!/bin/bash
# What OpenWrt's odhcpd announces to the LAN of lan0, as far as it depends on a tunnel, by
# radvd: the prefixes of lan0's addresses (deprecated ones as such), lan0's MTU, and itself
# as a router while a device other than lo has a default route, whatever its source.
#
#   odhcpd.sh FILE     FILE is radvd's configuration
set -eu

# Of /proc/net/if_inet6 the last two words are flags (2: deprecated, 4: tentative) and device.
now() {
	awk -v "mtu=$(</proc/sys/net/ipv6/conf/lan0/mtu)" '
		FILENAME ~ /if_inet6/ {
			if ($6 != "lan0" || $4 != "00" || $5 ~ /^[4-7c-f]/) next
			prefix = substr($1, 1, 16)
			gsub(/..../, "&:", prefix)
			prefixes = prefixes " prefix " prefix ":/64 { AdvValidLifetime 7200; AdvPreferredLifetime " \
				($5 ~ /^[2367abef]/ ? 0 : 2700) "; };\n"
			next
		}
		$2 == "00" && $10 != "lo" { router = 1 }
		END {
			print "interface lan0 {\n AdvSendAdvert on; MinRtrAdvInterval 30; MaxRtrAdvInterval 100;"
			print " AdvLinkMTU " mtu "; AdvDefaultLifetime " (router ? 1800 : 0) ";"
			print prefixes "};"
		}' /proc/net/if_inet6 /proc/net/ipv6_route
}

known=$(now)
echo "$known" >"$1"
radvd -n -C "$1" -p "$1.pid" -m stderr &
while sleep 1; do
	new=$(now)
	[ "$new" != "$known" ] || continue
	known=$new
	echo "$known" | tee "$1"
	kill -HUP $!
done
