#!/bin/bash
# Runs in a bare system: installs by the method that is named, logs in at the sandbox's identity provider, and asks again without
# a network and without the complete program.
set -eux
prefix=/usr
case $1 in
  deb) dpkg -i /packages/fedcred_*_amd64.deb ;;
  rpm) ;; # it is there
  archive)
    prefix=/opt/fedcred
    mkdir -p "$prefix"
    tar -xzf /packages/fedcred-*-x86_64-unknown-linux-gnu.tar.gz -C "$prefix" --strip-components=1
    # The install script on a machine for which there is no archive.
    mkdir /other
    printf '#!/bin/sh\n[ "$1" = -s ] && echo Linux || echo aarch64\n' >/other/uname
    chmod 755 /other/uname
    if PATH=/other:$PATH FEDCRED_RELEASE=/packages sh /packages/install.sh /never 2>/root/refused; then exit 1; fi
    grep -q "aarch64 without GNU's C library" /root/refused
    test ! -e /never
    ;;
esac
compgen -G "$prefix/share/man/man1/fedcred.1*"
test -e "$prefix/share/bash-completion/completions/fedcred"
test -e "$prefix/lib/systemd/user/fedcred-refresh.timer"
fedcred=$prefix/bin/fedcred
"$fedcred" --version

set +x
first=$("$fedcred" --config /sandbox/config.toml get sandbox)
mv "$prefix/libexec/fedcred/fedcred" /complete
second=$(unshare --net "$fedcred" --config /sandbox/config.toml get sandbox)
mv /complete "$prefix/libexec/fedcred/fedcred"
test "$first" = "$second"
case $first in *AccessKeyId*) ;; *) exit 1 ;; esac

# Where Kerberos is not installed it says so, and what to install; where it is (Debian 11), that there is no ticket.
expected=libgssapi-krb5-2
! compgen -G "/usr/lib/*/libgssapi_krb5.so.2" || expected=no-kerberos-ticket
sed -e 's/^auth = .*/auth = "spnego"/' -e '/^username/d; /^password/d' /sandbox/config.toml >/sandbox/kerberos.toml
if "$fedcred" --config /sandbox/kerberos.toml doctor sandbox >/root/said 2>&1; then exit 1; fi
grep -q "$expected" /root/said || { cat /root/said; exit 1; }

if [ "$1" = deb ]; then
  dpkg -r fedcred
  test ! -e /usr/bin/fedcred
fi
