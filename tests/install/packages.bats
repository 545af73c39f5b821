#!/usr/bin/env bats
# Packages for Debian, for RPM systems and for OpenWrt, as far as they can be
# made here. That the first one works is tests/lab/pkg.bats.

ROOT=$BATS_TEST_DIRNAME/../..

setup() {
	T=$BATS_TEST_TMPDIR
	VERSION=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
	# Inside the run of another make its settings count, not its jobs.
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

# make_it TARGET...: what is made goes to the test's own folder.
make_it() { timeout 200 make -s -C "$ROOT" BUILD="$T/build" "$@" 3>&- >"$T/log" 2>&1 || { cat "$T/log" && return 1; }; }

@test "Debian: lintian has nothing to say, libcrypto's package is named, the sources keep their shape" {
	timeout 200 make -s -C "$ROOT" deb 3>&- >"$T/log" 2>&1 || { cat "$T/log" && return 1; }
	[ ! -e "$ROOT/debian" ]
	deb=$(echo "$ROOT"/build/deb/dtcp-up_"$VERSION"_*.deb)
	timeout 60 lintian --allow-root --fail-on error,warning "${deb%.deb}.changes" 3>&-
	dpkg-deb -f "$deb" Depends | grep -E '(^|, )libssl[0-9a-z]+ \(>= '
	dpkg-deb -f "$deb" Depends | grep -E '(^|, )iproute2(,|$)'
	[ "$(dpkg-deb -f "$deb" Version)" = "$VERSION" ]
}

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
		--define=build_cflags -O0
		--define=build_ldflags -Wl,-z,now
		--define=debug_package %{nil}
		--define=systemd_preun() true
		--define=systemd_postun() true
	END
}

@test "RPM: the spec builds a package, and every file installed is in it" {
	make_it packaging dist
	mapfile -t options < <(rpm_options)
	timeout 200 rpmbuild -bb "${options[@]}" "$T/build/packaging/dtcp-up.spec" >"$T/log" 2>&1 3>&- || { tail -n 30 "$T/log" && return 1; }
	rpm=$(find "$T/rpms" -name '*.rpm')
	[ "$(rpm -qp --qf '%{version}-%{release} %{license}' "$rpm")" = "$VERSION-1.test ISC" ]
	rpm -qp --requires "$rpm" | grep '^openssl-libs'
	rpm -qpl "$rpm" | tee "$T/files"
	for file in /usr/sbin/dtcp-up /usr/libexec/dtcp-up/dtcp-up-hook /usr/lib/systemd/system/dtcp-up@.service \
		/etc/NetworkManager/dispatcher.d/90-dtcp-up /usr/share/man/man8/dtcp-up.8; do
		grep -q "^$file" "$T/files"
	done
	rpm -qp --scripts "$rpm" | grep 'useradd --system'
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
		  all:
		  $(Build/Compile)
		  $(Build/Install)
		  $(call Package/$(1)/install,$(TOPDIR)/root)
		  	@echo '$(DEPENDS)' >$(TOPDIR)/depends
		  	@echo '$(PKG_VERSION)' >$(TOPDIR)/version
		endef
	END
	# A recipe's lines begin with a tab and nothing else.
	sed -i -E 's/^  (\t|\$\((Build|call))/\1/' "$T/include/package.mk"
	mkdir "$T/tree"
	tar -xzf "$T/build/dtcp-up-$VERSION.tar.gz" -C "$T/tree" --strip-components=1
}

@test "OpenWrt: the package's Makefile builds the program and takes what belongs there" {
	make_it packaging dist
	openwrt_tree
	timeout 200 make -s -C "$T/build/packaging/openwrt" TOPDIR="$T" all >"$T/log" 2>&1 3>&- || { tail -n 30 "$T/log" && return 1; }
	(cd "$T/root" && find . -type f -printf '%m %P\n' | sort) | diff - <(cat <<-'END'
		644 etc/hotplug.d/iface/90-dtcp-up
		755 etc/ppp/ip-down.d/dtcp-up
		755 etc/ppp/ip-up.d/dtcp-up
		755 usr/libexec/dtcp-up-hook
		755 usr/sbin/dtcp-up
	END
	)
	[ "$(cat "$T/version")" = "$VERSION" ]
	grep -E '\+ip-full .*\+kmod-sit' "$T/depends"
	"$T/root/usr/sbin/dtcp-up" --version | grep -F "$VERSION"
}
