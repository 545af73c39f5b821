#!/bin/bash
# Installs what this machine lacks for what is to be done; make runs it first.
#
# As root on Debian it installs the missing packages, and says before how many
# those are and how large; elsewhere it names them and fails. It starts no
# service and leaves the machine's network alone: packages that would do either
# are unpacked under build/ and are seen in the lab only (tests/README.md).
#
#   tests/deps.sh [--check] [build|demo|check|lint|fresh|all]
#
#   build    what make needs; that and iproute2 is all that a router needs
#   demo     that, and what `make demo` needs
#   check    that, and what `make check` needs
#   lint     what `make lint` needs beside build
#   fresh    what `make fresh` needs
#   all      all of these and what the other checks need (the default)
#   --check  only say what is missing
set -eu
# Apt's words are read here, and are translated elsewhere.
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
build=$(dirname "$here")/build
layer=$build/lab-layer   # unpacked packages, a lower layer of the lab's root

check=0
if [ "${1-}" = --check ]; then
	check=1
	shift
fi
what=${1:-all}
case $what in
build) sets='build' ;;
demo) sets='build demo' ;;
check) sets='build demo check' ;;
lint) sets='build lint' ;;
fresh) sets='fresh' ;;
all) sets='build demo check lint fresh all' ;;
*)
	sed -n 's/^#   //p' "$0" >&2
	exit 64
	;;
esac

# One line a package: what wants it, its name, and a command or file by which it
# is known on systems without dpkg.
all_packages() {
	cat <<-'END'
		build gcc             gcc
		build iproute2        ip
		build iputils-ping    ping
		build libc6-dev       /usr/include/stdio.h
		build libssl-dev      /usr/include/openssl/evp.h
		build make            make
		demo  busybox         busybox
		demo  kmod            modprobe
		demo  ppp             pppd
		demo  pppoe           pppoe-server
		demo  procps          pgrep
		demo  python3         /usr/bin/python3
		demo  util-linux      unshare
		check bats            bats
		check binutils        nm
		check build-essential g++
		check dbus-daemon     dbus-daemon
		check debhelper       dh
		check dnsmasq-base    dnsmasq
		check dpkg-dev        dpkg-buildpackage
		check fakeroot        fakeroot
		check git             git
		check jq              jq
		check lintian         lintian
		check mandoc          mandoc
		check musl-tools      musl-gcc
		check nftables        nft
		check perl            perl
		check pkg-config      pkg-config
		check psmisc          killall
		check python3-dbus    /usr/lib/python3/dist-packages/dbus
		check python3-gi      /usr/lib/python3/dist-packages/gi
		check rpm             rpmspec
		check strace          strace
		check systemd         systemd-analyze
		check tcpdump         tcpdump
		lint  clang           clang
		lint  clang-tidy      clang-tidy
		lint  cppcheck        cppcheck
		lint  git             git
		lint  mandoc          mandoc
		lint  shellcheck      shellcheck
		fresh debootstrap     debootstrap
		fresh git             git
		all   valgrind        valgrind
	END
	# Debian packages the kernel that runs as a program for x86 only.
	case $(uname -m) in
	x86_64 | i?86) printf '%s\n' 'demo user-mode-linux linux.uml' 'check patchelf patchelf' ;;
	esac
}

# Those of the sets that are asked for, as `NAME PROBE`.
packages() {
	all_packages | awk -v sets=" $sets " 'index(sets, " " $1 " ") && !seen[$2]++ { print $2, $3 }'
}

# Packages whose installation would start a daemon or change the network (ifup takes the
# first DHCP client of a list that there is): unpacked, with the libraries that they need
# and nothing else brings.
unpacked='dhcpcd dhcpcd-base frr ifupdown isc-dhcp-client libdaemon0 libndp0 libnm0
	network-manager networkd-dispatcher radvd udhcpc'

missing_packages() {
	local name probe installed
	if command -v dpkg-query >/dev/null; then
		installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n')
		packages | while read -r name probe; do
			grep -qx "installed $name" <<<"$installed" || echo "$name"
		done
		return
	fi
	packages | while read -r name probe; do
		case $probe in
		/*) [ -e "$probe" ] || echo "$name" ;;
		*) PATH=$PATH:/usr/sbin:/sbin command -v "$probe" >/dev/null ||
			echo "$name" ;;
		esac
	done
}

missing_unpacked() {
	local name
	case " $sets " in *' check '*) ;; *) return 0 ;; esac
	command -v dpkg-deb >/dev/null || return 0
	for name in $unpacked; do
		[ -e "$layer/.unpacked/$name" ] || echo "$name"
	done
}

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 -o APT::Keep-Downloaded-Packages=false \
		--no-install-recommends "$@"
}

# Unpacks package $1 into the layer. The marker is written last, so that an
# interrupted run is repeated.
unpack() {
	local tmp dir
	tmp=$(mktemp -d)
	# apt's own user must be able to write there, or apt warns.
	chmod 755 "$tmp"
	(cd "$tmp" && apt-get -q -o APT::Sandbox::User=root download "$1")
	mkdir -p "$layer/.unpacked"
	dpkg-deb -x "$tmp"/*.deb "$tmp/x"
	rm -rf "$tmp"/x/usr/share/{doc,locale,man}
	# Debian's /bin, /lib and /sbin are links into /usr: a folder of that name
	# in a layer would hide the link.
	for dir in bin lib lib64 sbin; do
		if [ -L "/$dir" ] && [ -d "$tmp/x/$dir" ]; then
			mkdir -p "$tmp/x/usr/$dir"
			cp -a "$tmp/x/$dir/." "$tmp/x/usr/$dir"
			rm -r "$tmp/x/${dir:?}"
		fi
	done
	cp -a "$tmp/x/." "$layer"
	rm -rf "$tmp"
	: >"$layer/.unpacked/$1"
}

# The libraries that package $1 wants and this machine lacks, whose names differ from one
# Debian to the next. Fails where it wants none, since then its words were not understood.
libraries() {
	local name names
	names=$(apt-cache depends "$1") || return
	names=$(sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p' <<<"$names")
	[ -n "$names" ] || {
		echo "deps: which libraries $1 needs apt-cache did not say" >&2
		return 1
	}
	for name in $names; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
	done
}

# cost: says of the packages named on standard input how many they are, what is
# to be downloaded, and what they take on the disk.
cost() {
	xargs -r apt-cache show --no-all-versions | awk '
		/^Package:/ { number++ }
		/^Size:/ { download += $2 }
		/^Installed-Size:/ { disk += $2 }
		END { printf "%d packages, %.0f MB to download, %.0f MB on disk", number, download / 1e6, disk / 1e3 }'
}

# What apt would install for the packages in $install, with all that they want.
to_install() {
	# Word splitting is meant: one name a word.
	# shellcheck disable=SC2086
	apt -s install $install | awk '/^Inst / { print $2 }'
}

install=$(missing_packages)
unpack=$(missing_unpacked)
if [ -z "$install$unpack" ]; then
	exit 0
fi
say=$(echo "$install" "$unpack" | xargs)

if [ $check = 1 ]; then
	echo "missing: $say" >&2
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	echo "deps: missing (Debian's names): $say" >&2
	echo "deps: install them with this system's package manager" >&2
	exit 1
fi
if [ -n "$install" ] && [ "$(id -u)" != 0 ]; then
	echo "deps: missing: $say" >&2
	echo "deps: as root: apt-get install --no-install-recommends $(xargs <<<"$install")" >&2
	exit 1
fi

# An old package list names files that the mirror no longer has. A user who
# is not root may download but not refresh the list. Somebody else's archive that is away is
# none of ours; what is really missing fails when it is to be installed.
if [ "$(id -u)" = 0 ]; then
	apt update || echo "deps: some package lists could not be refreshed; going on with what is there" >&2
fi
echo "deps: $say"
if [ -n "$install" ]; then
	echo "deps: to be installed, with what these need: $(to_install | cost)"
fi
if [ -n "$unpack" ]; then
	echo "deps: to be unpacked for the tests' lab, not installed: $(cost <<<"$unpack")"
fi
if [ -n "$install" ]; then
	# Word splitting is meant: one name a word.
	# shellcheck disable=SC2086
	apt install $install
fi
for name in $unpack; do
	if [ "$name" = frr ]; then
		names=$(libraries frr)
		for library in $names; do
			unpack "$library"
		done
	fi
	unpack "$name"
done
