#!/bin/sh
# What a monitor without an XML parser reads of mime=xml: one line for each member.
#
#   read-xml.sh http://localhost/jkstatus
set -eu
curl -fsS "$1?mime=xml&opt=2" | awk '
    /^ *<jk:balancer$/  { inside = "balancer" }
    /^ *<jk:member$/    { inside = "member"; delete field }
    /^ *<jk:ajp$/       { inside = "ajp"; delete field }
    /^ *<jk:result$/    { inside = "result"; delete field }
    /^ *[a-z_]+="/ {
        name = $0; sub(/^ */, "", name); sub(/=.*/, "", name)
        value = $0; sub(/^[^"]*"/, "", value); sub(/"$/, "", value)
        if (inside == "balancer" && name == "name") balancer = value
        field[name] = value
    }
    /^ *\/>$/ && inside == "member" {
        print balancer, field["name"], field["state"], field["activation"], field["elected"], field["sessions"]
        inside = ""
    }
    /^ *\/>$/ && inside == "ajp"    { print "-", field["name"], field["used"], field["errors"]; inside = "" }
    /^ *\/>$/ && inside == "result" { print field["type"]; inside = "" }
'
