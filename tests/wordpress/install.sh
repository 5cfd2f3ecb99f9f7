#!/usr/bin/env bash
# What the tests with a real WordPress need, on Debian as root: PHP, MariaDB, Debian's own WordPress, and beside it, in
# build/wordpress/, the one of Debian 13, whose Akismet plugin publishes comments where its check fails.
set -euo pipefail
cd "$(dirname "$0")/../.."
suite=trixie
to=$PWD/build/wordpress/$suite

if [[ $EUID != 0 ]] || ! command -v apt-get >/dev/null; then
	echo "not root on Debian: install PHP (cli, mysql, curl, xml, mbstring), MariaDB and WordPress yourself" >&2
	exit 0
fi
packages=(wordpress php-cli php-mysql php-curl php-xml php-mbstring php-codesniffer mariadb-server mariadb-client)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
if ! mariadb -e 'select 1' >/dev/null 2>&1; then
	start-stop-daemon --start --oknodo --background --exec /usr/sbin/mariadbd -- --user=mysql
	for _ in {1..50}; do mariadb -e 'select 1' >/dev/null 2>&1 && break || sleep 0.2; done
fi

# The newer package is unpacked, not installed: apt is asked in folders of our own, at the place where this machine's
# own packages come from.
if [[ ! -d $to ]]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	mkdir -p "$work"/{lists,cache/archives}/partial "$work/got"
	from=$(apt-get indextargets --format '$(SITE) $(LABEL) $(COMPONENT)' | awk '$2 == "Debian" && $3 == "main" {print $1; exit}')
	echo "deb $from $suite main" >"$work/sources.list"
	elsewhere=(-o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/nonexistent
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root)
	apt-get "${elsewhere[@]}" update -qq
	(cd "$work/got" && apt-get "${elsewhere[@]}" download -qq wordpress)
	dpkg-deb -x "$work"/got/wordpress_*.deb "$work/unpacked"
	for folder in php javascript nodejs; do # where its links to other packages lead.
		[[ -e $work/unpacked/usr/share/$folder ]] || ln -s "/usr/share/$folder" "$work/unpacked/usr/share/$folder"
	done
	mkdir -p "$(dirname "$to")"
	mv "$work/unpacked" "$to"
fi
