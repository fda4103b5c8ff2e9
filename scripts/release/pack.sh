#!/usr/bin/env bash
# Packs a program for `deno task release`: pack.sh PROGRAM VERSION ARCH PARTS
#
# Makes PROGRAM.tar.gz and sftpwrap_VERSION_ARCH.deb beside the program; PARTS has man pages,
# completions and THIRD-PARTY-LICENSES. What one commit makes is always the same: names are sorted,
# owners are root, times are $SOURCE_DATE_EPOCH, and gzip(1) keeps neither name nor time.
set -euo pipefail
umask 022

program=$1 version=$2 arch=$3 parts=$4
name=$(basename "$program")
stage=$program.stage

# copy FILE… FOLDER: copies texts to a folder below the stage.
copy() {
  install -D -m 644 -t "$stage/${*: -1}" "${@:1:$#-1}"
}

copy LICENSE README.md CHANGELOG.md "$parts/THIRD-PARTY-LICENSES" "$name"
copy "$parts"/*.1 "$name/man/man1"
copy "$parts/sftpwrap" "$name/completions/bash"
copy "$parts/_sftpwrap" "$name/completions/zsh"
copy "$parts/sftpwrap.fish" "$name/completions/fish"
install -m 755 "$program" "$stage/$name/sftpwrap"
tar --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
  -C "$stage" -cf "$program.tar" "$name"
gzip --no-name --force "$program.tar"
rm -r "$stage"

share=usr/share
copy "$parts"/*.1 $share/man/man1
copy "$parts/sftpwrap" $share/bash-completion/completions
copy "$parts/_sftpwrap" $share/zsh/vendor-completions
copy "$parts/sftpwrap.fish" $share/fish/vendor_completions.d
install -D -m 644 CHANGELOG.md "$stage/$share/doc/sftpwrap/changelog"
cat LICENSE <(echo) "$parts/THIRD-PARTY-LICENSES" >"$stage/$share/doc/sftpwrap/copyright"
gzip --no-name -9 "$stage"/$share/man/man1/* "$stage/$share/doc/sftpwrap/changelog"
install -D -m 755 "$program" "$stage/usr/bin/sftpwrap"
mkdir "$stage/DEBIAN"
(
  cd "$stage"
  find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums
  size=$(find usr -type f -printf '%s\n' | awk '{ sum += $1 } END { print int((sum + 1023) / 1024) }')
  cat >DEBIAN/control <<END
Package: sftpwrap
Version: $version
Architecture: $arch
Maintainer: The sftpwrap authors
Installed-Size: $size
Depends: libc6 (>= 2.27), libgcc-s1
Suggests: openssh-server
Section: net
Priority: optional
Description: SFTP server for OpenSSH that jails a key or user in one directory
 sftpwrap is started by sshd, as a forced command or subsystem, and needs no
 root. It serves one directory as / with policies (read-only, drop box,
 append-only) and a log, passes every request on to another SFTP server, or
 serves files that live in MongoDB's GridFS.
END
)
dpkg-deb --root-owner-group -Zxz --build "$stage" "$(dirname "$program")/sftpwrap_${version}_$arch.deb"
rm -r "$stage"
