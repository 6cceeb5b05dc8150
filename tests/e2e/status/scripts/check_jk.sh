#!/bin/sh
# A plugin for Nagios and its relatives: state of a balancer, with performance data.
#
#   check_jk.sh -u http://localhost/jkstatus -b lb [-w 1] [-c 2]    members that may be bad
url= balancer= warning=1 critical=2
while getopts u:b:w:c: option; do
    case $option in
    u) url=$OPTARG ;;
    b) balancer=$OPTARG ;;
    w) warning=$OPTARG ;;
    c) critical=$OPTARG ;;
    *) echo "UNKNOWN - usage"; exit 3 ;;
    esac
done

status=$(curl -fsS "$url?mime=prop") || { echo "UNKNOWN - $url does not answer"; exit 3; }
value() {
    echo "$status" | sed -n "s/^worker\.$1=//p" | head -n 1
}

[ "$(value result.type)" = OK ] || { echo "UNKNOWN - $(value result.message)"; exit 3; }
[ "$(value "$balancer.type")" = lb ] || { echo "UNKNOWN - no balancer $balancer"; exit 3; }

failed= data=
for member in $(echo "$status" | sed -n "s/^worker\.$balancer\.balance_workers=//p"); do
    case $(value "$member.state") in
    ERR*) failed="$failed $member($(value "$member.address"))" ;;
    esac
    data="$data $member.busy=$(value "$member.busy");;;0 $member.errors=$(value "$member.errors")c"
done

bad=$(value "$balancer.bad")
summary="good=$(value "$balancer.good") degraded=$(value "$balancer.degraded") bad=$bad"
data="busy=$(value "$balancer.busy");;;0 max_busy=$(value "$balancer.max_busy")$data"
if [ "$bad" -ge "$critical" ]; then
    word=CRITICAL code=2
elif [ "$bad" -ge "$warning" ]; then
    word=WARNING code=1
else
    word=OK code=0
fi
echo "$word - $balancer: $summary${failed:+, failed:$failed} | $data"
exit $code
