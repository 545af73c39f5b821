# Other processors: their names, what is fetched for them, and how the project is
# built for them. To be sourced.
# shellcheck shell=bash source-path=SCRIPTDIR
# shellcheck disable=SC2034 # variables are for who sources this

machines_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
project=${machines_tests%/*}
# shellcheck source=../apt.bash
. "$machines_tests/apt.bash"

# Debian's name of a processor, the compiler's, the libraries', qemu's (for programs),
# and the oldest Debian that has it ("none": a compiler, and nothing else).
machines() {
	cat <<-'END'
		amd64   x86_64-linux-gnu    x86_64-linux-gnu    x86_64  bookworm
		arm64   aarch64-linux-gnu   aarch64-linux-gnu   aarch64 bookworm
		armhf   arm-linux-gnueabihf arm-linux-gnueabihf arm     bookworm
		riscv64 riscv64-linux-gnu   riscv64-linux-gnu   riscv64 trixie
		i386    i686-linux-gnu      i386-linux-gnu      i386    bookworm
		s390x   s390x-linux-gnu     s390x-linux-gnu     s390x   bookworm
		mips    mips-linux-gnu      mips-linux-gnu      mips    none
	END
}

# machine_choose ARCH: sets $arch, $compiler, $libraries, $emulator, $suite (where its
# packages come from: this machine's own Debian, if that has it), $libssl, the
# packages of OpenSSL's library there, and $work, the folder for all that is fetched and built.
machine_choose() {
	local oldest
	arch=$1
	read -r compiler libraries emulator oldest <<<"$(machines |
		awk -v arch="$arch" '$1 == arch { print $2, $3, $4, $5 }')"
	[ -n "$compiler" ] || {
		echo "no processor '$arch', but: $(machines | awk '{ print $1 }' | xargs)" >&2
		return 1
	}
	suite=$(machine_own)
	[ "$suite/$oldest" != bookworm/trixie ] || suite=trixie
	[ "$oldest" != none ] || suite=none
	libssl='libssl3t64 libzstd1 zlib1g'
	[ "$suite" != bookworm ] || libssl=libssl3
	work=$project/build/machine/$arch
	mkdir -p "$work"
}

# machine_own: this machine's own Debian.
machine_own() {
	local own
	own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	echo "${own:-bookworm}"
}

# machine_foreign: whether this machine runs no programs of that processor by itself.
machine_foreign() { [ "$arch" != "$(dpkg --print-architecture)" ]; }

# machine_tools: names the packages of this machine that building for it and running
# single programs of it need.
machine_tools() {
	if machine_foreign; then
		echo "gcc-$compiler libc6-dev-$arch-cross qemu-user-static" |
			sed 's/gcc-x86_64/gcc-x86-64/'
	fi
}

# machine_install NAME...: installs those packages that are missing, and says how much
# it fetches.
machine_install() {
	local missing=() name
	for name; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
			missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || {
		echo "missing; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
		return 1
	}
	apt-get -q update >&2
	apt-get install -s --no-install-recommends "${missing[@]}" >/dev/null
	echo "installing ${missing[*]}: $(LC_ALL=C apt-get install --assume-no --no-install-recommends \
		"${missing[@]}" | sed -n 's/^Need to get \(.*\) of archives\./\1/p')"
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
		install --no-install-recommends "${missing[@]}" >"$project/build/machine/install.log" 2>&1 || {
		tail -n 20 "$project/build/machine/install.log" >&2
		return 1
	}
}

# machine_lists SUITE: sets $apt, the home of apt for that Debian's packages, and fetches
# what the archive has of them, at most once a day: of what it had before, some is gone.
machine_lists() {
	local archive
	apt=$project/build/machine/apt-$arch-$1
	[ -z "$(find "$apt/fetched" -mtime -1 2>/dev/null)" ] || return 0
	archive=$(own_apt_archive)
	# For a processor that it does not have the list is empty, and that is no failure.
	if own_apt "$apt" "$arch" "$1" && own_apt_cache "$apt" show base-files >/dev/null; then
		: >"$apt/fetched"
		return
	fi
	echo "no Debian '$1' for $arch could be had from $archive" >&2
	return 1
}

# machine_fetch FOLDER SUITE PACKAGE...: these packages, by name, unpacked in $work/FOLDER,
# unless they are there. For mips, which Debian has no more, nothing. It fails by itself, as
# what is below does: where a caller goes on after a failure, `set -e` is off in here.
machine_fetch() {
	local folder=$work/$1 from=$2 apt what
	shift 2
	what=" $# packages"
	if [ -e "$folder/.packages" ] && [ "$(<"$folder/.packages")" = "$from $*" ]; then
		return
	fi
	rm -rf "$folder"
	machine_lists "$from" || return
	[ $# -gt 4 ] || what=" $*"
	echo "fetching $(($(own_apt_bytes "$apt" "$@") / 1000000 + 1)) MB of Debian's $from for $arch:$what"
	own_apt_unpack "$apt" "$folder" "$@" || return
	machine_merge "$folder" || return
	echo "$from $*" >"$folder/.packages"
}

# machine_merge ROOT: /bin, /lib and so on become links into /usr, as they are on every
# installed Debian.
machine_merge() {
	local dir root=$1
	for dir in bin sbin lib lib64; do
		if [ -L "$root/$dir" ]; then
			continue
		fi
		mkdir -p "$root/usr/$dir" || return
		if [ -d "$root/$dir" ]; then
			cp -a "$root/$dir/." "$root/usr/$dir" || return
			rm -r "${root:?}/$dir"
		fi
		ln -s "usr/$dir" "$root/$dir" || return
	done
}

# machine_headers: sets $headers to the folders of OpenSSL's headers for this processor
# (its library is loaded while the program runs). Those of i386 do for mips.
machine_headers() {
	local dir=$work/headers
	if [ "$suite" = none ]; then
		dir=$project/build/machine/i386/headers
		(machine_choose i386 && machine_headers) || return
		headers="$dir/usr/include $dir/usr/include/i386-linux-gnu"
		return
	fi
	machine_fetch headers "$suite" libssl-dev || return
	headers="$dir/usr/include $dir/usr/include/$libraries"
}

# machine_make GOAL...: builds with the compiler for this processor, into $work/build.
# Sanitizers want what the emulation has not.
machine_make() {
	local flags=-Werror dir relative=build/machine/$arch/build
	machine_headers || return
	for dir in $headers; do
		flags+=" -isystem ${dir#"$project/"}"
	done
	make -s -j "$(nproc)" -C "$project" BUILD="$relative" CC="$compiler-gcc" AR="$compiler-ar" \
		SANITIZE= CPPFLAGS="$flags" "$@"
}

# machine_musl GOAL...: builds with musl of this processor's Debian, which is only
# unpacked, below $work/build/musl (tests/unit/unit.mk). Fails where there is none.
machine_musl() {
	local dir=$work/musl kernel=/usr/$compiler/include specs start flags=()
	[ "$suite" != none ] || return
	machine_fetch musl "$suite" musl musl-dev || return
	# Debian 12's ld dies of what newer tools say about riscv64 in these.
	for start in "$dir"/usr/lib/*/*crt*.o; do
		"$compiler-objcopy" -R '.debug*' -R .riscv.attributes "$start"
	done
	# What tells the compiler about musl, which is not where it would be installed.
	specs=$(echo "$dir"/usr/lib/*/musl-gcc.specs)
	sed -E "s#/usr/(lib|include)/#$dir&#g" "$specs" >"$work/musl.specs"
	printf '%s\n' '#!/bin/sh' "exec $compiler-gcc \"\$@\" -specs $work/musl.specs" >"$work/musl-gcc"
	chmod 755 "$work/musl-gcc"
	machine_foreign || kernel=/usr/include
	# What gcc calls there for i386 musl has for static programs alone.
	[ "$arch" != i386 ] || flags=(CFLAGS='-Os -g -fno-stack-protector')
	machine_make MUSL_CC="$work/musl-gcc" "${flags[@]}" \
		MUSL_HEADERS="$kernel/linux $kernel/asm-generic $(machine_asm "$kernel")" "$@"
}

# machine_asm FOLDER: the kernel's headers for this processor, in FOLDER or below it.
machine_asm() {
	if [ -d "$1/asm" ]; then echo "$1/asm"; else echo "$1/$libraries/asm"; fi
}

# Below: whole machines, by qemu-system.

# machine_emulator: names the packages of this machine that running one needs.
machine_emulator() {
	case $arch in
	amd64 | i386) echo qemu-system-x86 ;;
	arm64 | armhf) echo qemu-system-arm ;;
	*) echo qemu-system-misc ;;
	esac
	echo cpio kmod
}

# What a machine's programs come from: what the laboratory and its tests use.
machine_packages() {
	echo base-files base-passwd bash bats busybox-static coreutils dash diffutils dnsmasq-base \
		dpkg findutils grep hostname iproute2 iputils-ping jq kmod libc-bin libgcc-s1 libpam0g login make \
		mawk mount musl ncurses-base nftables passwd ppp pppoe procps python3 sed strace systemd-standalone-sysusers tar \
		tcpdump util-linux "$libssl"
}

# Of what they depend on this is for installing them, or for somebody at a keyboard.
machine_unwanted='^(adduser|debconf|init-system-helpers|libaudit-common|libdb5.*|libgdbm.*|libpam-(modules|runtime).*|media-types|perl.*|libperl.*|lib.*-perl|readline-common|usrmerge|util-linux-extra)$'

# machine_system: makes $work/base.cpio, the root of machines of this kind. What takes
# long, Python's compiling of what it imports, is done once.
machine_system() {
	local apt root=$work/base names
	if [ -e "$work/base.cpio" ] && [ "$work/base.cpio" -nt "$machines_tests/machine/machines.bash" ]; then
		return
	fi
	machine_lists "$suite"
	# One name a word.
	# shellcheck disable=SC2046
	mapfile -t names < <(own_apt_names "$apt" $(machine_packages) | grep -vE "$machine_unwanted")
	machine_fetch base "$suite" "${names[@]}"
	echo "making a system of them"
	rm -rf "$root"/usr/share/{doc,man,info,locale,lintian,zoneinfo,perl5,bug,i18n} "$root"/usr/lib/*/{perl*,gconv} \
		"$root"/usr/lib/python3*/{test,idlelib,lib2to3,tkinter,turtledemo,pydoc_data,ensurepip,distutils,unittest,asyncio,xml,dbm,sqlite3,multiprocessing,wsgiref,curses}
	mkdir -p "$root"/etc/{NetworkManager,networkd-dispatcher}
	mkdir -p "$root/var/lib/dpkg"/{info,updates,triggers}
	machine_status "$apt" "${names[@]}" >"$root/var/lib/dpkg/status"
	: >"$root/var/lib/dpkg/available"
	# Of which files they are it asks, with a warning for each that does not say.
	awk -v dir="$root/var/lib/dpkg/info" -v arch="$arch" '/^Package:/ { name = $2 }
		/^Multi-Arch: same/ { name = name ":" arch }
		/^$/ { printf "" >(dir "/" name ".list"); close(dir "/" name ".list") }' "$root/var/lib/dpkg/status"
	mkdir -p "$root"/etc/dhcp/dhclient-{enter,exit}-hooks.d # the lab clears them
	mkdir -p "$root"/{dev,etc,mnt,proc,run,srv,sys,tmp,root,var/tmp}
	chmod 755 "$root"
	chmod 1777 "$root/tmp"
	rm -rf "$root"/var/{run,lock}
	ln -s /run "$root/var/run"
	ln -s /run/lock "$root/var/lock"
	ln -sf mawk "$root/usr/bin/awk"
	ln -sf /proc/mounts "$root/etc/mtab"
	cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
	cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
	# Who packages make when they are installed.
	printf '%s:x:%d:65534::/nonexistent:/usr/sbin/nologin\n' dnsmasq 990 tcpdump 991 >>"$root/etc/passwd"
	echo 'root:*:19000:0:99999:7:::' >"$root/etc/shadow"
	machine_python "$root" -m compileall -q \
		--invalidation-mode unchecked-hash -s "$root" "$root"/usr/lib/python3* >/dev/null
	(cd "$root" && find . -path ./.packages -prune -o -print0 | cpio --quiet -0 -o -H newc -R 0:0) \
		>"$work/base.cpio.new"
	mv "$work/base.cpio.new" "$work/base.cpio"
}

# machine_status APT PACKAGE...: what dpkg has to know for them to be installed; where
# an archive has them dpkg does not want to know.
machine_status() {
	own_apt_cache "$1" show --no-all-versions "${@:2}" |
		sed -E '/^(Filename|Size|MD5sum|SHA[0-9]+):/d; s/^Package: .*/&\nStatus: install ok installed/'
}

# machine_python ROOT ARGUMENT...: a Python of the version in ROOT, whose compiled files
# are the same for every processor: this machine's, which is faster, or that one.
machine_python() {
	local root=$1 own
	shift
	own=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || own=none
	if [ -d "$root/usr/lib/python$own" ]; then
		python3 "$@"
	else
		"qemu-$emulator-static" -L "$root" "$root/usr/bin/python3" "$@"
	fi
}

# Modules of the kernel that the tests use; what they need comes along.
machine_modules() {
	echo sit ip_tunnel tunnel4 veth dummy bridge tun ppp_generic ppp_async pppoe af_packet \
		sch_netem sch_ingress cls_basic cls_flower cls_matchall cls_u32 em_cmp act_gact act_nat \
		nf_tables nft_ct nft_log nft_reject nft_reject_inet nft_limit nft_fib_inet nft_fib_ipv6 \
		nft_chain_nat nft_nat nft_masq nf_conntrack nf_log_syslog nft_numgen nft_meta_bridge \
		tcp_diag udp_diag unix_diag
}

# machine_kernel SUITE: sets $kernel, the kernel of that Debian, and makes $kernel.cpio,
# its modules.
machine_kernel() {
	local from=$1 apt flavour=$arch names version dir list name part
	case $arch in
	armhf) flavour=armmp-lpae ;;
	i386) flavour=686-pae ;;
	esac
	dir=$work/kernel-$from
	kernel=$dir/vmlinuz
	[ ! -e "$kernel.cpio" ] || return 0
	machine_lists "$from"
	mapfile -t names < <(own_apt_names "$apt" "linux-image-$flavour" |
		grep -E '^linux-(image|modules|binary)-[0-9]')
	machine_fetch "kernel-$from" "$from" "${names[@]}"
	version=$(basename "$dir"/usr/lib/modules/*)
	depmod -b "$dir" "$version"
	list=$dir/modules
	for name in $(machine_modules); do
		modprobe -d "$dir" -S "$version" -D "$name" 2>/dev/null || true # some have it built in
	done | awk '$1 == "insmod" { print $2 }' | sort -u | sed "s|^$dir/*|./|" >"$list"
	grep -q '/sit\.ko' "$list"
	# By the names that modprobe reads in there: without the links.
	(
		cd "$dir" || exit
		mkdir -p new/usr/lib/modules
		sed 's|^\./lib/|./usr/lib/|' "$list" | cpio --quiet -pdm new
		for part in builtin builtin.modinfo order; do # not every Debian has each
			cp "usr/lib/modules/$version/modules.$part" "new/usr/lib/modules/$version/" 2>/dev/null || true
		done
		ln -s usr/lib new/lib
		depmod -b new "$version"
		rm new/lib
		cd new && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0 >"$kernel.cpio.new"
	)
	# From Debian 14 on it is beside its modules.
	cp "$dir"/boot/vmlinu?-"$version" "$kernel" 2>/dev/null ||
		cp "$dir/usr/lib/modules/$version/vmlinuz" "$kernel"
	rm -rf "${dir:?}"/{usr,lib,boot,new}
	mv "$kernel.cpio.new" "$kernel.cpio"
}
