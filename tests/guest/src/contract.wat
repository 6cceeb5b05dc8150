;; Every function of the contract, as a guest imports it. Texts and lists are pointer and length, an option is a
;; flag and a value; a result of more than one number is written to the last pointer.

(import "rjk:policy/request@0.1.0" "method" (func $method_of (param i32)))
(import "rjk:policy/request@0.1.0" "path" (func $path (param i32)))
(import "rjk:policy/request@0.1.0" "query" (func $query (param i32)))
(import "rjk:policy/request@0.1.0" "header" (func $header (param i32 i32 i32)))
(import "rjk:policy/request@0.1.0" "cookie" (func $cookie (param i32 i32 i32)))
(import "rjk:policy/request@0.1.0" "client-address" (func $client_address (param i32)))
(import "rjk:policy/request@0.1.0" "tls" (func $tls (result i32)))
(import "rjk:policy/request@0.1.0" "server-name" (func $server_name (param i32)))

(import "rjk:policy/sources@0.1.0" "source" (func $source (param i32 i32 i32) (result i32)))
(import "rjk:policy/sources@0.1.0" "text" (func $text (param i32 i32)))
(import "rjk:policy/sources@0.1.0" "hash" (func $hash (param i32 i64 i32)))
(import "rjk:policy/sources@0.1.0" "table" (func $table (param i32 i32 i32 i32) (result i32)))
(import "rjk:policy/sources@0.1.0" "look-up" (func $look_up (param i32 i32)))

(import "rjk:policy/members@0.1.0" "candidates" (func $candidates (param i32 i32 i32)))
(import "rjk:policy/members@0.1.0" "is-candidate" (func $is_candidate (param i32) (result i32)))
(import "rjk:policy/members@0.1.0" "value" (func $value (param i32 i32) (result i64)))
(import "rjk:policy/members@0.1.0" "knows" (func $knows (param i32) (result i32)))
(import "rjk:policy/members@0.1.0" "builtin-choice" (func $builtin_choice (param i32)))
(import "rjk:policy/members@0.1.0" "attempt" (func $attempt (result i32)))
(import "rjk:policy/members@0.1.0" "tried" (func $tried (param i32)))

(import "rjk:policy/notes@0.1.0" "token" (func $token (param i64)))
(import "rjk:policy/notes@0.1.0" "label" (func $label (param i32 i32)))
(import "rjk:policy/notes@0.1.0" "retry-after" (func $retry_after (param i32)))

(import "rjk:policy/store@0.1.0" "reserve" (func $reserve (param i32 i32)))
(import "rjk:policy/store@0.1.0" "load" (func $load (param i32 i32 i32) (result i64)))
(import "rjk:policy/store@0.1.0" "add" (func $add (param i32 i32 i32 i64) (result i64)))
(import "rjk:policy/store@0.1.0" "compare-exchange" (func $compare_exchange (param i32 i32 i32 i64 i64) (result i64)))
(import "rjk:policy/store@0.1.0" "counter-add" (func $count (param i32 i64) (result i64)))

(import "rjk:policy/system@0.1.0" "now-ms" (func $now (result i64)))
(import "rjk:policy/system@0.1.0" "monotonic-us" (func $monotonic (result i64)))
(import "rjk:policy/system@0.1.0" "random" (func $random (result i64)))
(import "rjk:policy/system@0.1.0" "log" (func $log (param i32 i32 i32)))
(import "rjk:policy/system@0.1.0" "fail" (func $fail (param i32 i32)))
