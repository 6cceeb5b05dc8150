#!/bin/sh
# Takes a member out of rotation (its sessions stay), or puts it back.
#
#   disable-member.sh http://localhost/jkstatus lb node1 [disabled|stopped|active]
set -eu
url=$1 balancer=$2 member=$3 activation=${4:-disabled}

answer=$(curl -fsS "$url?cmd=update&mime=txt&w=$balancer&sw=$member&vwa=$activation")
if ! echo "$answer" | grep -q '^Result: type=OK '; then
    echo "$answer" | sed -n 's/^Result: .*message="\(.*\)"$/\1/p' >&2
    exit 1
fi
curl -fsS "$url?cmd=show&mime=txt&w=$balancer&sw=$member&opt=2" |
    sed -n 's/^Member: name=\([^ ]*\) .* activation=\([^ ]*\) .*/\1 is \2/p'
