#!/bin/sh
# A rolling deployment: each member in turn is taken out, drained, deployed to and put back; then the
# statistics start anew.
#
#   after-deployment.sh http://localhost/jkstatus lb DEPLOY
#
# DEPLOY is run with the name of the member.
set -eu
url=$1 balancer=$2 deploy=$3

ask() {
    curl -fsS "$url?mime=prop&$1"
}
change() {
    ask "$1" | grep -qx 'worker\.result\.type=OK' || { echo "failed: $1" >&2; exit 1; }
}
value() {
    ask "cmd=show&w=$balancer&opt=2" | sed -n "s/^worker\.$1=//p" | head -n 1
}

members=$(ask "cmd=show&w=$balancer&opt=2" | sed -n "s/^worker\.$balancer\.balance_workers=//p")
for member in $members; do
    before=$(value "$member.activation")
    change "cmd=update&w=$balancer&sw=$member&vwa=stopped"
    while [ "$(value "$member.busy")" -gt 0 ]; do
        sleep 1
    done
    "$deploy" "$member"
    change "cmd=update&w=$balancer&sw=$member&vwa=$before"
    echo "$member: $(value "$member.activation")"
done
change "cmd=reset&w=$balancer"
echo "elected: $(for member in $members; do value "$member.elected"; done | tr '\n' ' ')"
