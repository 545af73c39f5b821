#!/usr/bin/env bats
# Packages for Debian, for RPM systems and for OpenWrt, as far as they can be
# made here. That the first one works is tests/lab/pkg.bats.

load ../where

ROOT=$BATS_TEST_DIRNAME/../..

setup() {
	T=$BATS_TEST_TMPDIR
	VERSION=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
	# Inside the run of another make its settings count, not its jobs.
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

# make_it TARGET...: what is made goes to the test's own folder.
make_it() { timeout 1200 make -s -C "$ROOT" BUILD="$T/build" "$@" 3>&- >"$T/log" 2>&1 || { cat "$T/log" && return 1; }; }

# shellcheck disable=SC2016 # Markdown's quotes
@test "Debian: lintian has nothing to say, libcrypto's package is named, the sources keep their shape" {
	local package file
	timeout 1200 make -s -C "$ROOT" deb 3>&- >"$T/log" 2>&1 || { cat "$T/log" && return 1; }
	[ ! -e "$ROOT/debian" ]
	deb=$(echo "$ROOT"/build/deb/dtcp-up_"$VERSION"_*.deb)
	timeout 300 lintian --allow-root --fail-on error,warning "${deb%.deb}.changes" 3>&-
	dpkg-deb -f "$deb" Depends | grep -E '(^|, )libssl[0-9a-z]+ \(>= '
	dpkg-deb -f "$deb" Depends | grep -E '(^|, )iproute2(,|$)'
	[ "$(dpkg-deb -f "$deb" Version)" = "$VERSION" ]
	# Users are made by what systemd has for that.
	for package in dtcp-up dtcpd; do
		deb=$(echo "$ROOT/build/deb/${package}_${VERSION}"_*.deb)
		dpkg-deb -I "$deb" postinst | grep -E "systemd-sysusers .* $package\.conf"
		dpkg-deb -f "$deb" Depends | grep -F 'systemd | systemd-standalone-sysusers'
		dpkg-deb --fsys-tarfile "$deb" | tar -xOf - "./usr/lib/sysusers.d/$package.conf" | grep -q "^u $package "
	done
	dpkg-deb -f "$deb" Depends | grep -E '(^|, )libssl[0-9a-z]+ \(>= '
	dpkg-deb -f "$deb" Depends | grep -E '(^|, )iproute2(,|$)'
	dpkg-deb -c "$deb" | tee "$T/files"
	for file in /usr/sbin/dtcpd /dtcpd.service /usr/lib/sysusers.d/dtcpd.conf man8/dtcpd.8.gz man5/dtcpd.conf.5.gz; do
		grep -q "$file$" "$T/files"
	done
	not grep -E 'dtcp-up' "$T/files"
	dpkg-deb -c "$(echo "$ROOT"/build/deb/dtcp-up_"$VERSION"_*.deb)" >"$T/files"
	not grep -E 'dtcpd' "$T/files"
	# Pages find one another, and the samples.
	for package in dtcp-up dtcpd; do
		dpkg-deb -x "$(echo "$ROOT/build/deb/${package}_${VERSION}"_*.deb)" "$T/$package"
		cd "$T/$package/usr/share/doc/$package"
		grep -ho ']([^)]*)' ./*.md | sed 's/^](//; s/)$//' | sort -u >"$T/links"
		[ "$(wc -l <"$T/links")" -ge 10 ]
		while read -r link; do
			[ -f "$link" ] || { echo "$package: there is no $link" && return 1; }
		done <"$T/links"
		# Files that are only named, too; those of dtcpd are in its package.
		grep -o '`/usr/share/doc/[^`]*`' ./README*.md | sed 's/.*:`//; s/`$//' | sort -u >"$T/named"
		[ "$(wc -l <"$T/named")" = 2 ]
		sed "s|^|$T/dtcpd|" "$T/named" >>"$T/all-named"
		grep -q '`changelog.gz`' README.md
		[ -f changelog.gz ]
		not grep -n '`etc/[^`]*`' ./README*.md
		# The hook is named where it is.
		for file in trouble.md trouble.ja.md; do
			grep -qF '`/usr/libexec/dtcp-up/dtcp-up-hook up ' "$file"
		done
	done
	while read -r file; do
		[ -f "$file" ] || { echo "there is no $file" && return 1; }
	done <"$T/all-named"
}

@test "Debian: the source says where the project lives, if it is told, and has the tests of packages" {
	local tree=$T/build/deb/dtcp-up-$VERSION test origin
	make_it deb-tree HOMEPAGE=https://dtcp.example.net/up
	grep -x 'Homepage: https://dtcp.example.net/up' "$tree/debian/control"
	grep -x 'Source: https://dtcp.example.net/up' "$tree/debian/copyright"
	make_it deb-tree ORIGIN=https://dtcp.example.net/up.git
	grep -x 'Homepage: https://dtcp.example.net/up' "$tree/debian/control"
	# A folder, a way in, an address with a password: nothing that others can visit.
	for origin in /srv/up.git git@dtcp.example.net:up.git https://me:secret@dtcp.example.net/up; do
		make_it deb-tree ORIGIN=$origin
		not grep -n '^Homepage:' "$tree/debian/control"
	done
	make_it deb-tree HOMEPAGE=
	not grep -rn 'Homepage:\|@[A-Z]*@' "$tree/debian"
	# Each test is there; and what the demo needs is what it says.
	grep -c '^Tests: ' "$tree/debian/tests/control"
	while read -r test; do
		[ -x "$tree/debian/tests/$test" ]
	done < <(sed -n 's/^Tests: //p' "$tree/debian/tests/control")
	sed -n '/^Tests: tunnel$/,/^$/s/^Depends: @, //p' "$tree/debian/tests/control" | sed 's/, /\n/g' | sort >"$T/wanted"
	[ "$(wc -l <"$T/wanted")" -ge 10 ]
	sed -nE "s/^\t*(printf .*')?(build|demo ) +([a-z0-9-]+) .*/\3/p; s/^.*'demo (user-mode-linux).*/\1/p" \
		"$ROOT/tests/deps.sh" | grep -vx libssl-dev | sort | diff - "$T/wanted"
}

@test "packages take whatever name and address they are given, also such as mean something to sed" {
	local name="Ann O'Neill | R&D \\1 <o'neill@example.net>" page='https://dtcp.example.net/?a&b|c'
	make_it deb-tree packaging MAINTAINER="$name" HOMEPAGE="$page"
	grep -xF "Maintainer: $name" "$T/build/deb/dtcp-up-$VERSION/debian/control"
	grep -xF "Homepage: $page" "$T/build/deb/dtcp-up-$VERSION/debian/control"
	grep -xF "PKG_MAINTAINER:=$name" "$T/build/packaging/openwrt/Makefile"
	grep -F " $name - $VERSION-1" "$T/build/packaging/dtcp-up.spec"
}

# not COMMAND...: since bats does not notice `!`.
not() { if "$@"; then return 1; fi; }

# As redhat-rpm-config has them, without what is for one processor, or for its own gcc.
fedora_cflags='-O2 -flto=auto -ffat-lto-objects -fexceptions -g -grecord-gcc-switches -pipe -Wall
	-Werror=format-security -Wp,-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE=3 -Wp,-D_GLIBCXX_ASSERTIONS
	-fstack-protector-strong -fasynchronous-unwind-tables -fstack-clash-protection
	-fno-omit-frame-pointer'
fedora_cflags=${fedora_cflags//$'\n\t'/ }
fedora_ldflags='-Wl,-z,relro -Wl,--as-needed -Wl,-z,now -Wl,--build-id=sha1'

# rpm's own macros for what Fedora's systemd-rpm-macros and redhat-rpm-config
# say; no package of this machine counts as a dependency.
rpm_options() {
	cat <<-END
		--nodeps
		--define=_topdir $T/rpm
		--define=_sourcedir $T/build
		--define=_rpmdir $T/rpms
		--define=dist .test
		--define=_unitdir /usr/lib/systemd/system
		--define=_sysusersdir /usr/lib/sysusers.d
		--define=_libexecdir /usr/libexec
		--define=build_cflags $fedora_cflags
		--define=build_ldflags $fedora_ldflags
		--define=debug_package %{nil}
		--define=sysusers_create_compat() sysusers %(grep ^u %1)
		--define=systemd_preun() true
		--define=systemd_post() true
		--define=systemd_postun() true
		--define=systemd_postun_with_restart() true
	END
}

@test "RPM: the spec builds a package, and every file installed is in it" {
	make_it packaging dist HOMEPAGE=https://dtcp.example.net/up
	mapfile -t options < <(rpm_options)
	timeout 1200 rpmbuild -bb "${options[@]}" "$T/build/packaging/dtcp-up.spec" >"$T/log" 2>&1 3>&- || { tail -n 30 "$T/log" && return 1; }
	# What rpmbuild has to say is none of the compiler's.
	if grep -E '^[^ ]+:([0-9]+:)* (warning|note):|warning: .*FORTIFY' "$T/log"; then
		return 1
	fi
	grep -qF -- ' -Wp,-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE=3 ' "$T/log"
	rpm=$(find "$T/rpms" -name 'dtcpd-*.rpm')
	rpm -qp --requires "$rpm" | tee "$T/requires"
	grep -q '^openssl-libs' "$T/requires"
	grep -q '^iproute-tc$' "$T/requires"
	rpm -qpl "$rpm" | tee "$T/files"
	for file in /usr/sbin/dtcpd /usr/lib/systemd/system/dtcpd.service /usr/share/man/man5/dtcpd.conf.5; do
		grep -q "^$file" "$T/files"
	done
	rpm -qp --scripts "$rpm" | grep '^sysusers u dtcpd - '
	rpm=$(find "$T/rpms" -name 'dtcp-up-*.rpm')
	rpm -qp --changelog "$rpm" | grep " - $VERSION-1$"
	[ "$(rpm -qp --qf '%{url}' "$rpm")" = https://dtcp.example.net/up ]
	[ "$(rpm -qp --qf '%{version}-%{release} %{license}' "$rpm")" = "$VERSION-1.test ISC" ]
	rpm -qp --requires "$rpm" | grep '^openssl-libs'
	rpm -qpl "$rpm" | tee "$T/files"
	for file in /usr/sbin/dtcp-up /usr/libexec/dtcp-up/dtcp-up-hook /usr/lib/systemd/system/dtcp-up@.service \
		/usr/lib/sysusers.d/dtcp-up.conf /etc/dhcp/dhclient.d/dtcp-up.sh /etc/NetworkManager/dispatcher.d/90-dtcp-up /usr/share/man/man8/dtcp-up.8; do
		grep -q "^$file" "$T/files"
	done
	rpm -qp --scripts "$rpm" | grep '^sysusers u dtcp-up - '
}

@test "Debian, RPM: networkd-dispatcher is started when its first hook comes, and not on an upgrade" {
	mkdir -p "$T/bin" "$T/systemd"
	: >"$T/bin/networkd-dispatcher"
	for program in deb-systemd-invoke systemctl; do
		printf '#!/bin/sh\necho "%s $*" >>%s/called\n' $program "$T" >"$T/bin/$program"
	done
	chmod 755 "$T"/bin/*
	sed "s|/run/systemd/system|$T/systemd|" "$ROOT/etc/packaging/debian/dtcp-up.postinst" >"$T/postinst"
	sed -n '/^%post$/,/^%preun/p' "$ROOT/etc/packaging/dtcp-up.spec" |
		sed "/^%/d; s|/run/systemd/system|$T/systemd|" >"$T/post"
	installs() {
		: >"$T/called"
		PATH=$T/bin:$PATH sh -e "$T/$1" "${@:2}"
		grep " start " "$T/called" || true
	}
	[ "$(installs postinst configure '')" = 'deb-systemd-invoke start networkd-dispatcher.service' ]
	[ "$(installs post 1)" = 'systemctl --no-block start networkd-dispatcher.service' ]
	[ -z "$(installs postinst configure 0.9)$(installs postinst abort-remove)$(installs post 2)" ]
	# It fails, it is not there, or there is no systemd.
	echo 'exit 1' | tee -a "$T/bin/deb-systemd-invoke" "$T/bin/systemctl" >/dev/null
	installs postinst configure ''
	[ -z "$(installs post 1)" ]
	rmdir "$T/systemd"
	[ -z "$(installs postinst configure '')$(installs post 1)" ]
}

# The macros of OpenWrt's build that the package's Makefile uses, with this
# machine's compiler as the target's.
openwrt_tree() {
	mkdir -p "$T/include"
	cat >"$T/rules.mk" <<-'END'
		INCLUDE_DIR := $(TOPDIR)/include
		PKG_BUILD_DIR := $(TOPDIR)/tree
		PKG_INSTALL_DIR := $(TOPDIR)/installed
		TARGET_CC := $(CC)
		TARGET_CFLAGS := -O0
		INSTALL_DIR := install -d -m0755
		INSTALL_BIN := install -m0755
		CP := cp -fpR
	END
	cat >"$T/include/package.mk" <<-'END'
		define BuildPackage
		  $(if $(PKG_SOURCE),,$(error no PKG_SOURCE))
		  $(eval $(Package/$(1)))
		  $(foreach field,SECTION CATEGORY TITLE DEPENDS,$(if $($(field)),,$(error no $(field))))
		  all: all-$(1)
		  ifndef BUILT
		  BUILT := yes
		  built:
		  $(Build/Compile)
		  $(Build/Install)
		  endif
		  all-$(1): built
		  $(call Package/$(1)/install,$(TOPDIR)/root-$(1))
		  	@echo '$(DEPENDS)' >$(TOPDIR)/depends-$(1)
		  	@echo '$(PKG_VERSION)' >$(TOPDIR)/version
		endef
	END
	# A recipe's lines begin with a tab and nothing else.
	sed -i -E 's/^  (\t|\$\((Build|call))/\1/' "$T/include/package.mk"
	mkdir "$T/tree"
	tar -xzf "$T/build/dtcp-up-$VERSION.tar.gz" -C "$T/tree" --strip-components=1
}

@test "OpenWrt: the package's Makefile builds the programs and takes what belongs there" {
	make_it packaging dist
	openwrt_tree
	timeout 1200 make -s -C "$T/build/packaging/openwrt" TOPDIR="$T" all >"$T/log" 2>&1 3>&- || { tail -n 30 "$T/log" && return 1; }
	(cd "$T/root-dtcp-up" && find . -type f -printf '%m %P\n' | sort) | diff - <(cat <<-'END'
		600 usr/share/dtcp-up/dtcp.conf.example
		644 etc/hotplug.d/iface/90-dtcp-up
		644 usr/share/dtcp-up/network.example
		755 etc/ppp/ip-down.d/dtcp-up
		755 etc/ppp/ip-up.d/dtcp-up
		755 lib/netifd/dtcp-event
		755 lib/netifd/proto/dtcp.sh
		755 usr/libexec/dtcp-up-hook
		755 usr/sbin/dtcp-up
	END
	)
	grep -q '^program=/usr/sbin/dtcp-up$' "$T/root-dtcp-up/lib/netifd/proto/dtcp.sh"
	"$T/root-dtcp-up/usr/sbin/dtcp-up" --help | grep -F '(/var/run/dtcp-up)'
	(cd "$T/root-dtcpd" && find . -type f -printf '%m %P\n' | sort) | diff - <(cat <<-'END'
		755 etc/init.d/dtcpd
		755 usr/sbin/dtcpd
	END
	)
	[ "$(cat "$T/version")" = "$VERSION" ]
	grep -E '\+ip-full .*\+kmod-sit .*\+libopenssl' "$T/depends-dtcp-up"
	# OpenWrt's build compares the tarball with it.
	grep -x "PKG_HASH:=$(sha256sum <"$T/build/dtcp-up-$VERSION.tar.gz" | cut -d ' ' -f 1)" \
		"$T/build/packaging/openwrt/Makefile"
	grep -x "PKG_SOURCE_URL:=file://$T/build" "$T/build/packaging/openwrt/Makefile"
	grep -E '\+ip-full \+tc-tiny .*\+kmod-sit' "$T/depends-dtcpd"
	"$T/root-dtcp-up/usr/sbin/dtcp-up" --version | grep -F "$VERSION"
	"$T/root-dtcpd/usr/sbin/dtcpd" --version | grep -F "$VERSION"
	sh -n "$T/root-dtcpd/etc/init.d/dtcpd"
}

@test "make dist: the same bytes with another umask, other times, and from the tarball itself" {
	make_it dist
	local made=build/dtcp-up-$VERSION.tar.gz
	mv "$T/$made" "$T/first"
	mkdir "$T/a"
	tar -xzf "$T/first" -C "$T/a"
	not grep -qvE "^-rw(-r--r--|xr-xr-x) 0/0 .* dtcp-up-$VERSION/" <(tar -tvzf "$T/first" --numeric-owner)
	# Of the tarball that is unpacked here, which has no git.
	find "$T/a" -exec chmod go-rwx {} +
	(umask 077 && LC_ALL=C.UTF-8 timeout 600 make -s -C "$T/a/dtcp-up-$VERSION" dist 3>&-)
	cmp "$T/first" "$T/a/dtcp-up-$VERSION/$made"
	# What lies about in a folder that git has is not in it.
	mkdir -p "$T/b"
	cp -a "$T/a/dtcp-up-$VERSION" "$T/b/tree"
	cd "$T/b/tree"
	rm -r build
	git init -q
	git add .
	git -c user.name=x -c user.email=x@example.net commit -qm x --date="@$(stat -c %Y CHANGES)"
	echo secret >etc/mine
	timeout 600 make -s dist SOURCE_DATE_EPOCH="$(stat -c %Y CHANGES)" 3>&-
	cmp "$T/first" "$made"
}

# openwrt_script NAME: what the package's Makefile has for opkg, as it runs it.
openwrt_script() {
	sed -n "/^define Package\/dtcp-up\/$1\$/,/^endef/p" "$ROOT/etc/packaging/openwrt/Makefile" |
		sed -e '1d;$d' -e 's/\$\$/$/g' -e "s|/var/run|$T|g; s|/usr/sbin/|$T/bin/|" >"$T/$1"
	PATH=$T/bin:$PATH busybox ash "$T/$1"
}

@test "OpenWrt: interfaces are taken down before the package goes, and are up after an upgrade" {
	mkdir "$T/bin"
	for program in ubus jsonfilter ifdown ifup dtcp-up; do
		printf '#!/bin/sh\necho "%s $*" >>%s/called\n' $program "$T" >"$T/bin/$program"
		chmod 755 "$T/bin/$program"
	done
	printf 'echo six\necho other\n' >>"$T/bin/jsonfilter"
	openwrt_script prerm
	grep -v -e ubus -e jsonfilter "$T/called" | diff - <(printf '%s\n' 'ifdown six' 'ifdown other' 'dtcp-up --quiet --down')
	: >"$T/called"
	openwrt_script postinst
	diff "$T/called" <(printf '%s\n' 'ifup six' 'ifup other')
	: >"$T/called"
	openwrt_script postinst
	[ ! -s "$T/called" ]
	# In the folder of an image that is being made nothing runs.
	IPKG_INSTROOT=/image openwrt_script prerm
	IPKG_INSTROOT=/image openwrt_script postinst
	[ ! -s "$T/called" ]
}
