# Packages of other releases of Debian and for other processors, from the archive
# that this machine's own apt is set up with. To be sourced. Apt has a home of its
# own for each, its state and lists; what is installed here plays no part, and
# nothing gets installed.
# shellcheck shell=bash

# own_apt DIR ARCH SUITE: DIR becomes the home of apt for packages of ARCH in SUITE;
# fetches their list.
own_apt() {
	local dir=$1 arch=$2 suite=$3
	mkdir -p "$dir"/{lists,archives}/partial "$dir/none"
	echo "deb [arch=$arch signed-by=$(own_apt_keyring)] $(own_apt_archive) $suite main" \
		>"$dir/sources"
	printf '%s\n' "APT::Architecture \"$arch\"; APT::Architectures { \"$arch\"; };" \
		>"$dir/conf"
	own_apt_get "$dir" update
}

# own_apt_get DIR WORD..., own_apt_cache DIR WORD...: apt-get and apt-cache, which know the
# packages of DIR alone.
own_apt_get() { own_apt_run apt-get "$@"; }
own_apt_cache() { own_apt_run apt-cache "$@"; }
own_apt_run() {
	local program=$1 dir
	dir=$(cd "$2" && pwd) || return
	shift 2
	APT_CONFIG=$dir/conf "$program" -qq -o Dir::Etc::SourceList="$dir/sources" \
		-o Dir::Etc::SourceParts="$dir/none" -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts="$dir/none" \
		-o Dir::State="$dir" -o Dir::State::Lists="$dir/lists" \
		-o Dir::State::Status=/dev/null -o Dir::Cache="$dir" \
		-o APT::Sandbox::User=root -o APT::Update::Error-Mode=any -o APT::Get::List-Cleanup=false \
		-o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
		-o Acquire::Check-Valid-Until=false -o Acquire::http::Timeout=20 -o Acquire::Retries=3 "$@"
}

# own_apt_names DIR PACKAGE...: the names of PACKAGEs and of all that they depend on.
own_apt_names() {
	local dir=$1
	shift
	own_apt_get "$dir" install -s --no-install-recommends "$@" | awk '$1 == "Inst" { print $2 }'
}

# own_apt_bytes DIR PACKAGE...: how much has to be fetched for these alone.
own_apt_bytes() {
	local dir=$1
	shift
	own_apt_get "$dir" download --print-uris "$@" | awk '{ bytes += $3 } END { print bytes + 0 }'
}

# own_apt_unpack DIR ROOT PACKAGE...: fetches these alone and unpacks them below ROOT.
own_apt_unpack() {
	local dir root deb tmp
	dir=$(cd "$1" && pwd)
	mkdir -p "$2"
	root=$(cd "$2" && pwd)
	shift 2
	tmp=$(mktemp -d "$dir/debs.XXXXXX")
	(cd "$tmp" && own_apt_get "$dir" download "$@") || {
		rm -rf "$tmp"
		return 1
	}
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$root" || {
			rm -rf "$tmp"
			return 1
		}
	done
	rm -rf "$tmp"
}

# The archive's place. Where apt's lists were never fetched, their labels are not
# known, and the first place is Debian's own.
own_apt_archive() {
	local archive
	archive=$(own_apt_places 'Label: Debian')
	[ -n "$archive" ] || archive=$(own_apt_places)
	[ -n "$archive" ] || {
		echo "apt has no archive (see sources.list(5))" >&2
		return 1
	}
	echo "$archive" | head -n 1
}

# The dollar is apt's.
# shellcheck disable=SC2016
own_apt_places() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "$@"; }

own_apt_keyring() {
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e $keyring ] || keyring=${keyring%.gpg}.pgp
	echo "$keyring"
}
