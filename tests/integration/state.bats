# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Where the state of containers is kept and who may have made that directory, ids, claims on them,
# and what becomes of state that is old, damaged or half made.

load helpers

setup_test() {
	make_bundle busybox
	script 'sleep 1000'
}

# edit_state ID FILTER [JQ ARGUMENT…]: change a container's state.json behind rootlet's back.
edit_state() {
	jq "${@:2}" "$STATE_DIR/$1/state.json" >"$T/state.new" &&
		mv -- "$T/state.new" "$STATE_DIR/$1/state.json"
}

# stopped ID: a container whose program has ended.
stopped() {
	running "$@"
	rootlet kill "$1" KILL
	wait_until 10 has_status "$1" stopped
}

# A container that has been created, and ended before start: cheap to have.
ended() {
	created "$1"
	rootlet kill "$1" KILL
	wait_until 10 has_status "$1" stopped
}

# --- where it is -----------------------------------------------------------------------------

@test "state is below XDG_RUNTIME_DIR, for nobody else to see" {
	skip_if_root
	created c1
	[ -d "$XDG_RUNTIME_DIR/rootlet/c1" ]
	assert_equal "$(stat -c %a "$XDG_RUNTIME_DIR/rootlet/c1")" 700
	assert_equal "$(stat -c %a "$XDG_RUNTIME_DIR/rootlet")" 1700
	assert_equal "$(stat -c %a "$XDG_RUNTIME_DIR/rootlet/c1/state.json")" 600
}

@test "the umask does not matter" {
	skip_if_root
	umask 000
	created c1
	assert_equal "$(stat -c %a "$XDG_RUNTIME_DIR/rootlet")" 1700
	assert_equal "$(stat -c %a "$XDG_RUNTIME_DIR/rootlet/c1")" 700
	rootlet delete c1
	umask 077
	created c2
	assert_equal "$(stat -c %a "$XDG_RUNTIME_DIR/rootlet/c2")" 700
}

@test "an XDG_RUNTIME_DIR that does not exist is made" {
	skip_if_root
	export XDG_RUNTIME_DIR=$T/new/run
	STATE_DIR=$XDG_RUNTIME_DIR/rootlet
	created c1
	assert_equal "$(stat -c %a "$T/new/run")" 700
	rootlet delete c1
}

@test "a relative XDG_RUNTIME_DIR is refused" {
	skip_if_root
	local command
	for command in "create c1" list "state c1" "delete --force c1"; do
		# shellcheck disable=SC2086
		XDG_RUNTIME_DIR=run try rootlet $command
		assert_error 'XDG_RUNTIME_DIR: "run" is not an absolute path' 1
	done
	[ ! -e run ]
}

# in_own_view COMMANDS: run them in a mount namespace where /tmp and /run are empty, except for the
# test's directory, as the user himself, in a user namespace that has no one else.
in_own_view() {
	unshare -rm true 2>/dev/null && unshare -U --map-user=1 --map-group=1 true 2>/dev/null ||
		skip "needs unshare of util-linux 2.36 and user namespaces"
	cp "$ROOTLET" "$T/rootlet"
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}] |
		.linux.gidMappings = [{containerID: 0, hostID: $gid, size: 1}]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)"
	cat >"$T/view" <<-'END'
		set -e
		mount --bind "$T" /mnt
		mount -t tmpfs -o mode=1777 tmpfs /tmp
		mount -t tmpfs -o mode=755 tmpfs /run
		mkdir -p "$T"
		mount --bind /mnt "$T"
		cd "$T/bundle"
		ROOTLET=$T/rootlet
		exec unshare -U --map-user="$OUR_UID" --map-group="$OUR_GID" bash -euc "$1"
	END
	T=$T ROOTLET=$T/rootlet OUR_UID=$(id -u) OUR_GID=$(id -g) try unshare -rm bash "$T/view" "$1"
}

@test "without XDG_RUNTIME_DIR: /run/user/UID, when it is private" {
	skip_if_root
	in_own_view 'unset XDG_RUNTIME_DIR
		mkdir -p /run/user/$OUR_UID && chmod 700 /run/user/$OUR_UID
		"$ROOTLET" create c1 >/dev/null
		ls -d /run/user/$OUR_UID/rootlet/c1; ls -A /tmp
		"$ROOTLET" delete c1'
	assert_success
	assert_line "/run/user/$(id -u)/rootlet/c1"
	refute_match "$output" "rootlet-$(id -u)"
}

@test "without XDG_RUNTIME_DIR: a directory of ours in /tmp, when /run/user/UID is not private" {
	skip_if_root
	in_own_view 'export XDG_RUNTIME_DIR=
		mkdir -p /run/user/$OUR_UID && chmod 755 /run/user/$OUR_UID
		"$ROOTLET" create c1 >/dev/null
		ls -d /tmp/rootlet-$OUR_UID/c1; stat -c %a /tmp/rootlet-$OUR_UID; ls -A /run/user/$OUR_UID
		"$ROOTLET" delete c1'
	assert_success
	assert_output "/tmp/rootlet-$(id -u)/c1"$'\n'1700
}

@test "without XDG_RUNTIME_DIR: a directory of ours in /tmp, when there is no /run/user" {
	skip_if_root
	in_own_view 'unset XDG_RUNTIME_DIR
		"$ROOTLET" create c1 >/dev/null
		ls -d /tmp/rootlet-$OUR_UID/c1
		"$ROOTLET" delete c1'
	assert_success
	assert_output "/tmp/rootlet-$(id -u)/c1"
}

@test "a link that somebody has put at our place in /tmp is refused" {
	skip_if_root
	in_own_view 'unset XDG_RUNTIME_DIR
		mkdir -m 700 /tmp/elsewhere
		ln -s /tmp/elsewhere /tmp/rootlet-$OUR_UID
		for command in "create c1" list "delete --force c1"; do
			! "$ROOTLET" $command || exit 1
		done
		ls -A /tmp/elsewhere'
	assert_success
	refute_output
	assert_line_count 3 "$stderr"
	assert_equal "$(grep -c "state directory /tmp/rootlet-$(id -u): " <<<"$stderr")" 3
}

@test "a directory that somebody else has made at our place in /tmp is refused" {
	skip_if_root
	in_own_view 'unset XDG_RUNTIME_DIR
		ln -s /usr /tmp/rootlet-$OUR_UID
		! "$ROOTLET" list'
	assert_error "/tmp/rootlet-$(id -u)" 0 || assert_match "$stderr" "/tmp/rootlet-$(id -u)"
	assert_success
}

@test "a state directory of another user is refused" {
	skip_if_root
	local command
	for command in "create c1" list "state c1" "delete --force c1"; do
		# shellcheck disable=SC2086
		try "$ROOTLET" --root /usr $command
		assert_error '/usr belongs to uid 0, not to you' 1
	done
}

@test "a state directory that others can write is refused" {
	local mode command
	mkdir -p "$STATE_DIR"
	for mode in 770 707 1777; do
		chmod "$mode" "$STATE_DIR"
		for command in "create c1" list "state c1" "delete --force c1"; do
			# shellcheck disable=SC2086
			try rootlet $command
			assert_error "$STATE_DIR can be written by others" 1
		done
	done
	chmod 700 "$STATE_DIR"
}

@test "a state directory that is a link is refused, unless the user names it himself" {
	skip_if_root
	mkdir -m 700 "$T/elsewhere"
	ln -s "$T/elsewhere" "$STATE_DIR"
	try rootlet create c1
	assert_error "state directory $STATE_DIR" 1
	assert_equal "$(ls -A "$T/elsewhere")" ""
	try "$ROOTLET" --root "$STATE_DIR" create c1
	assert_success
	[ -d "$T/elsewhere/c1" ]
	"$ROOTLET" --root "$STATE_DIR" delete c1
	rm "$STATE_DIR"
}

@test "a link in the place of a container is not followed" {
	mkdir -p "$STATE_DIR"
	chmod 700 "$STATE_DIR"
	mkdir "$T/elsewhere"
	echo precious >"$T/elsewhere/file"
	ln -s "$T/elsewhere" "$STATE_DIR/c1"
	try rootlet delete --force c1
	assert_error 'c1' 1
	assert_equal "$(cat "$T/elsewhere/file")" precious
	rm "$STATE_DIR/c1"
}

# --- --root ----------------------------------------------------------------------------------

@test "--root: containers of other state directories are not there" {
	created c1
	try "$ROOTLET" --root "$T/other" list -q
	assert_success
	refute_output
	[ ! -e "$T/other" ]
	try "$ROOTLET" --root "$T/other" state c1
	assert_error '"c1" does not exist' 1
}

@test "--root: one id in two directories is two containers" {
	created c1
	"$ROOTLET" --root "$T/other" create c1 </dev/null >/dev/null 2>&1 3>&-
	try "$ROOTLET" --root "$T/other" delete c1
	assert_success
	has_status c1 created
}

@test "--root: relative to the working directory" {
	cd "$T"
	"$ROOTLET" --root state create -b bundle c1 </dev/null >/dev/null 2>&1 3>&-
	[ -d "$T/state/c1" ]
	try "$ROOTLET" --root ./state/../state list -q
	assert_output c1
	try "$ROOTLET" --root state start c1
	assert_success
	try "$ROOTLET" --root state delete --force c1
	assert_success
}

@test "--root: a path longer than a socket's address" {
	local root=$T/$(printf '%0100d' 0)/$(printf '%0100d' 0)
	script 'echo started; sleep 1000'
	"$ROOTLET" --root "$root" create c1 </dev/null >"$T/c1.out" 2>&1 3>&-
	try "$ROOTLET" --root "$root" exec c1 echo hello
	assert_output hello
	try "$ROOTLET" --root "$root" start c1
	assert_success
	wait_until 10 grep -qx started "$T/c1.out"
	try "$ROOTLET" --root "$root" exec c1 echo hello
	assert_output hello
	try "$ROOTLET" --root "$root" delete --force c1
	assert_success
	assert_equal "$(ls -A "$root")" ""
}

# --- ids -------------------------------------------------------------------------------------

@test "ids: what is valid can be created, seen, and deleted" {
	local id
	for id in a Z 0 _ + a.b a..b a-b a+b _x +x 0-0 "$(printf '%0255d' 0)"; do
		try rootlet create "$id"
		assert_success
		try rootlet list -q
		assert_output "$id"
		try rootlet delete "$id"
		assert_success
	done
	assert_nothing_left
}

@test "ids: what is not valid is refused by every command" {
	local id command words
	for id in "" . .. ... .a -a a/b / ../c1 "a b" $'a\n' $'a\x7f' 'a:b' 'a@b' 'a%b' 'ä' \
		"$(printf '%0256d' 0)"; do
		for command in create run start state kill delete ps exec; do
			words=("$command" -- "$id")
			[ "$command" != exec ] || words+=(true)
			try rootlet "${words[@]}"
			assert_failure
			assert_line_count 1 "$stderr"
			assert_match "$stderr" ' id[ :]'
			refute_output
		done
	done
	assert_nothing_left
}

@test "of ten creates of one id exactly one wins, and the others leave it alone" {
	local pids=() pid i won=0
	for i in 1 2 3 4 5 6 7 8 9 10; do
		rootlet create c1 </dev/null >"$T/create.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		! wait "$pid" || won=$((won + 1))
	done
	assert_equal "$won" 1
	assert_equal "$(cat "$T"/create.* | grep -c '"c1" exists already')" 9
	has_status c1 created
	rootlet start c1
	rootlet delete --force c1
	wait_until 5 no_leftovers
}

# --- processes -------------------------------------------------------------------------------

@test "another process with the pid of a container's is not taken for it, nor signalled" {
	background sleep 1000
	local other=$!
	ended c1
	edit_state c1 '.pid = $pid' --argjson pid "$other"
	has_status c1 stopped
	try rootlet kill c1 KILL
	assert_error 'stopped' 1
	try rootlet kill --all c1 KILL
	assert_error 'no processes' 1
	try rootlet exec c1 true
	assert_error 'stopped' 125
	try rootlet start c1
	assert_error 'stopped' 1
	try rootlet delete --force c1
	assert_success
	process_lives "$other"
	kill "$other"
}

@test "a process that started at another time is another process" {
	running c1
	local pid
	pid=$(pid_of c1)
	edit_state c1 '.startTime += 1'
	has_status c1 stopped
	try rootlet kill c1 KILL
	assert_error 'stopped' 1
	process_lives "$pid"
	edit_state c1 '.startTime -= 1'
	has_status c1 running
}

@test "pids that no process can have are nobody's" {
	ended c1
	local pid
	for pid in 0 -1 2147483647; do
		edit_state c1 '.pid = $pid' --argjson pid "$pid"
		try rootlet kill c1 KILL
		assert_failure 1
		assert_line_count 1 "$stderr"
		try rootlet list
		assert_success
		assert_match "${lines[1]}" '^c1 +0 +stopped '
	done
	rootlet delete --force c1
}

# --- damage ----------------------------------------------------------------------------------

# damage ID KIND
damage() {
	local file=$STATE_DIR/$1/state.json
	case $2 in
	empty) : >"$file" ;;
	truncated) truncate -s -20 "$file" ;;
	binary) printf '\0\1\2\xff' >"$file" ;;
	other) echo '{"some": "thing"}' >"$file" ;;
	types) jq '.pid = "one"' "$file" >"$T/new" && cat "$T/new" >"$file" ;;
	unreadable) chmod 000 "$file" ;;
	large) head -c 2000000 /dev/zero >"$file" ;;
	esac
}

@test "damaged state: list shows it as stopped, the others as they are, and says why" {
	ended c1
	created c2
	local kind kinds=(empty truncated binary other types large)
	[ "$(id -u)" -eq 0 ] || kinds+=(unreadable)
	cp -a "$STATE_DIR/c1" "$T/c1"
	for kind in "${kinds[@]}"; do
		damage c1 "$kind"
		try rootlet list
		assert_success
		assert_line_count 3 "$output"
		assert_match "${lines[1]}" '^c1 +0 +stopped '
		assert_match "${lines[2]}" '^c2 +[1-9][0-9]* +created '
		assert_line_count 1 "$stderr"
		assert_match "$stderr" 'c1'
		try rootlet --log "$T/log" list -q
		assert_output $'c1\nc2'
		assert_match "$(cat "$T/log")" 'c1'
		rm -rf "$STATE_DIR/c1" "$T/log"
		cp -a "$T/c1" "$STATE_DIR/c1"
	done
}

@test "damaged state: only delete --force takes it" {
	ended c1
	local kind command kinds=(empty truncated binary other types large)
	[ "$(id -u)" -eq 0 ] || kinds+=(unreadable)
	cp -a "$STATE_DIR/c1" "$T/c1"
	for kind in "${kinds[@]}"; do
		[ -e "$STATE_DIR/c1" ] || cp -a "$T/c1" "$STATE_DIR/c1"
		damage c1 "$kind"
		for command in "state c1" "start c1" "kill c1" "delete c1"; do
			# shellcheck disable=SC2086
			try rootlet $command
			assert_error '"c1"' 1
		done
		try rootlet delete --force c1
		assert_success
		assert_nothing_left
	done
}

@test "a directory without state, as a create that was killed leaves it" {
	created c2
	mkdir -m 700 "$STATE_DIR/c1"
	touch "$STATE_DIR/c1/config.json"
	try rootlet list
	assert_success
	assert_match "${lines[1]}" '^c1 +0 +stopped '
	assert_match "${lines[2]}" '^c2 +[1-9][0-9]* +created '
	try rootlet state c1
	assert_error '"c1" was never finished.*delete' 1
	try rootlet create c1
	assert_error '"c1" exists already' 1
	local command
	for command in start kill ps; do
		try rootlet "$command" c1
		assert_error '"c1": it is stopped' 1
	done
	try rootlet exec c1 true
	assert_error '"c1": it is stopped' 125
	try rootlet delete c1
	assert_success
	[ ! -e "$STATE_DIR/c1" ]
}

@test "files in the state directory that are no containers do no harm" {
	created c1
	touch "$STATE_DIR/.hidden" "$STATE_DIR/a b"
	try rootlet list -q
	assert_success
	assert_output c1
	refute_stderr
	rm "$STATE_DIR/.hidden" "$STATE_DIR/a b"
}

# --- list ------------------------------------------------------------------------------------

@test "list of 1,000 containers is complete, in order, and quick" {
	created template
	local i
	for ((i = 0; i < 1000; i++)); do
		echo "$STATE_DIR/c$i"
	done | xargs mkdir -m 700
	# The process of all of them is the template's; those with an odd number have none any more.
	jq -c '.id = "c"' "$STATE_DIR/template/state.json" >"$T/created"
	jq -c '.startTime += 1' "$T/created" >"$T/stopped"
	for ((i = 0; i < 1000; i += 2)); do
		cp "$T/created" "$STATE_DIR/c$i/state.json"
		: >"$STATE_DIR/c$i/start"
		cp "$T/stopped" "$STATE_DIR/c$((i + 1))/state.json"
	done
	# 10 ms on an idle machine; a tenth of a second is what nobody notices, but machines are busy.
	try timeout 5 "$ROOTLET" --root "$STATE_DIR" list
	assert_success
	refute_stderr
	assert_line_count 1002 "$output"
	assert_equal "$(grep -c '^c[0-9]*[02468] *[1-9][0-9]* *created ' <<<"$output")" 500
	assert_equal "$(grep -c '^c[0-9]*[13579] *0 *stopped ' <<<"$output")" 500
	try timeout 5 "$ROOTLET" --root "$STATE_DIR" list -q
	assert_equal "$output" "$(LC_ALL=C sort <<<"$output")"
	assert_line_count 1001 "$output"
	try timeout 5 "$ROOTLET" --root "$STATE_DIR" list -f json
	assert_equal "$(jq 'length' <<<"$output")" 1001
	find "$STATE_DIR" -mindepth 1 -maxdepth 1 -name 'c*' -exec rm -rf {} +
}

@test "list: -q is ids only, -f json has all, of containers in each status" {
	created c1
	running c2
	stopped c3
	try rootlet list -q
	assert_output $'c1\nc2\nc3'
	try rootlet list --format json
	assert_line_count 1 "$output"
	assert_equal "$(jq -c 'map([.id, .status, .pid])' <<<"$output")" \
		"[[\"c1\",\"created\",$(pid_of c1)],[\"c2\",\"running\",$(pid_of c2)],[\"c3\",\"stopped\",0]]"
	assert_equal "$(jq -r '.[1] | .bundle + " " + .rootfs + " " + .owner' <<<"$output")" \
		"$BUNDLE $BUNDLE/rootfs $(id -un)"
	try rootlet list --format yaml
	assert_error 'yaml' 2
}

# --- config.json after create ----------------------------------------------------------------

@test "a config.json that is changed after create changes nothing" {
	config '.process.env += ["MARK=before"]'
	script 'echo "$MARK"; sleep 1000'
	created c1
	config '.process.env += ["MARK=after"] | .process.args = ["false"]'
	rootlet start c1
	wait_until 10 grep -qx before "$T/c1.out"
	try rootlet exec c1 sh -c 'echo "$MARK"'
	assert_output before
	echo garbage >config.json
	try rootlet exec c1 sh -c 'echo "$MARK"'
	assert_output before
	rm config.json
	try rootlet exec c1 sh -c 'echo "$MARK"'
	assert_output before
	try rootlet delete --force c1
	assert_success
	refute_stderr
}

# --- a full file system ----------------------------------------------------------------------

@test "a runtime directory that is full, at any point: a clear error, and nothing is left" {
	unshare -rm true 2>/dev/null || skip "needs a user namespace"
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] |
		.linux.gidMappings = .linux.uidMappings'
	mkdir "$T/full"
	cat >"$T/fill" <<-'END'
		mount -t tmpfs -o size=64k tmpfs "$T/full"
		for free in 0 1 2 3 4 5 6; do
			head -c $((64 - 4 * free))k /dev/zero >"$T/full/filler" 2>/dev/null
			status=0
			"$ROOTLET" --root "$T/full/state" create c1 </dev/null >/dev/null 2>"$T/said" 3>&- ||
				status=$?
			echo "$free $status $(wc -l <"$T/said") $(ls -A "$T/full/state" 2>/dev/null)"
			[ "$status" -eq 0 ] || grep -q 'No space left' "$T/said" || cat "$T/said"
			rm "$T/full/filler"
			"$ROOTLET" --root "$T/full/state" delete --force c1
		done
	END
	T=$T try unshare -rm sh "$T/fill"
	assert_success
	assert_line_count 7 "$output"
	assert_equal "$(head -n 1 <<<"$output")" "0 1 1 "
	assert_equal "$(tail -n 1 <<<"$output")" "6 0 0 c1"
	assert_equal "$(grep -vcE '^[0-9] (1 1 |0 0 c1)$' <<<"$output")" 0
}
