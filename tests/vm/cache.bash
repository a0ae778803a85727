# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
#
# What `build` and `run` agree on: the directory that keeps what was built, under which names, and
# what a kernel or a guest may be called.
#
# The names carry a hash of what they are made by, so that nothing stale is ever used.

vm=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cache=${ROOTLET_VM_DIR:-${XDG_CACHE_HOME:-~/.cache}/rootlet-vm}

say() {
	echo "tests/vm: $*" >&2
}

die() {
	say "$*"
	exit 125
}

# A kernel by its number is the one of a Debian suite.
declare -A suite_of_kernel=([5.10]=bullseye [6.1]=bookworm [6.12]=trixie [newest]=sid)

kernel_suite() { # KERNEL
	echo "${suite_of_kernel[$1]:-$1}"
}

hash_of() { # FILE…, below tests/vm
	(cd "$vm" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) |
		sha256sum | cut -c -12
}

image_of() { # SUITE
	echo "$cache/image-$1-$(hash_of build cache.bash guest guest-setup)"
}

kernel_of() { # SUITE
	echo "$cache/kernel-$1-$(hash_of build cache.bash initrd-init unpack-kernel.py)"
}

# bookworm's QEMU 7.2 has a race when its software emulation uses several threads: now and then a
# guest dies with "Oops: int3" where its kernel patches itself. 8.1 and later are cured of it.
own_qemu=$cache/qemu

is_cured() { # QEMU
	local version
	version=$("$1" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
	[ "$(printf '%s\n' 8.1 "$version" | sort -V | head -n 1)" = 8.1 ]
}
