#!/bin/bash
# Installs what building, testing and linting need; `make deps` runs it.
#
# As root on Debian it installs the missing packages; elsewhere it names them
# and fails. It starts no service and leaves the machine's network alone:
# packages that would do either are unpacked under build/ and are seen in the
# lab only (tests/README.md).
#
#   tests/deps.sh           install and unpack what is missing
#   tests/deps.sh --check   only say what is missing
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(dirname "$here")/build
layer=$build/lab-layer   # unpacked packages, a lower layer of the lab's root

# One line a package: its name, and a command or file by which it is known on
# systems without dpkg.
packages() {
	cat <<-'END'
		bats            bats
		binutils        nm
		busybox         busybox
		clang           clang
		clang-tidy      clang-tidy
		cppcheck        cppcheck
		debhelper       dh
		dnsmasq-base    dnsmasq
		dbus-daemon     dbus-daemon
		dpkg-dev        dpkg-buildpackage
		fakeroot        fakeroot
		gcc             gcc
		git             git
		iproute2        ip
		iputils-ping    ping
		isc-dhcp-client dhclient
		jq              jq
		kmod            modprobe
		libc6-dev       /usr/include/stdio.h
		libssl-dev      /usr/include/openssl/evp.h
		lintian         lintian
		make            make
		mandoc          mandoc
		musl-tools      musl-gcc
		nftables        nft
		perl            perl
		pkg-config      pkg-config
		ppp             pppd
		pppoe           pppoe-server
		procps          pgrep
		python3         /usr/bin/python3
		python3-dbus    /usr/lib/python3/dist-packages/dbus
		python3-gi      /usr/lib/python3/dist-packages/gi
		rpm             rpmspec
		shellcheck      shellcheck
		strace          strace
		systemd         systemd-analyze
		tcpdump         tcpdump
		util-linux      unshare
		valgrind        valgrind
	END
	# Debian packages the kernel that runs as a program for x86 only.
	case $(uname -m) in
	x86_64 | i?86) printf '%s\n' 'user-mode-linux linux.uml' 'patchelf patchelf' ;;
	esac
}

# Packages whose installation would start a daemon or change the network:
# unpacked, with the libraries that they need and nothing else brings.
unpacked='dhcpcd dhcpcd-base ifupdown libdaemon0 libndp0 libnm0 network-manager
	networkd-dispatcher radvd udhcpc'

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

install=$(missing_packages)
unpack=$(missing_unpacked)
if [ -z "$install$unpack" ]; then
	exit 0
fi
say=$(echo "$install" "$unpack" | xargs)

if [ "${1-}" = --check ]; then
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

echo "deps: installing $say"
# An old package list names files that the mirror no longer has. A user who
# is not root may download but not refresh the list.
if [ "$(id -u)" = 0 ]; then
	apt update
fi
if [ -n "$install" ]; then
	# Word splitting is meant: one name a word.
	# shellcheck disable=SC2086
	apt install $install
fi
for name in $unpack; do
	unpack "$name"
done
