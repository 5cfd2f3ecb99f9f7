#!/usr/bin/env bash
# What the tests with a real WordPress need, on Debian as root: PHP and MariaDB are installed; two of Debian's WordPress
# packages are unpacked in build/wordpress/ (installing one would bring a web server): the one of this machine's own
# release, and the one of Debian 13, whose Akismet plugin publishes comments where its check fails.
set -euo pipefail
cd "$(dirname "$0")/../.."
to=$PWD/build/wordpress

if [[ $EUID != 0 ]] || ! command -v apt-get >/dev/null; then
	echo "not root on Debian: install PHP (cli, mysql, curl, xml, mbstring) and MariaDB yourself, and unpack WordPress" >&2
	exit 0
fi
packages=(php-cli php-mysql php-curl php-xml php-mbstring php-getid3 libjs-underscore php-codesniffer mariadb-server mariadb-client)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1 || [[ ! -d $to/stable ]]; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
if ! mariadb -e 'select 1' >/dev/null 2>&1; then
	start-stop-daemon --start --oknodo --background --exec /usr/sbin/mariadbd -- --user=mysql
	for _ in {1..50}; do mariadb -e 'select 1' >/dev/null 2>&1 && break || sleep 0.2; done
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# unpack NAME [OPTION OF APT …]
unpack() {
	local name=$1 folder
	shift
	mkdir -p "$work/$name" "$to"
	(cd "$work/$name" && apt-get -o APT::Sandbox::User=root "$@" download -qq wordpress)
	dpkg-deb -x "$work/$name"/wordpress_*.deb "$work/$name/files"
	for folder in php javascript nodejs; do # where its links to other packages lead.
		[[ -e $work/$name/files/usr/share/$folder ]] || ln -s "/usr/share/$folder" "$work/$name/files/usr/share/$folder"
	done
	mv "$work/$name/files" "$to/$name"
}

[[ -d $to/stable ]] || unpack stable
if [[ ! -d $to/newer ]]; then
	# apt is asked in folders of our own, at the place where this machine's own packages come from.
	mkdir -p "$work"/{lists,cache/archives}/partial
	from=$(apt-get indextargets --format '$(SITE) $(LABEL) $(COMPONENT)' | awk '$2 == "Debian" && $3 == "main" {print $1; exit}')
	echo "deb $from trixie main" >"$work/sources.list"
	elsewhere=(-o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/nonexistent
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache")
	apt-get -o APT::Sandbox::User=root "${elsewhere[@]}" update -qq
	unpack newer "${elsewhere[@]}"
fi
