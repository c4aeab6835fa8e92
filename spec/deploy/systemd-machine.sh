#!/bin/sh
# Becomes the systemd of a machine whose disk is this one's, and forgets what it writes there. Runs as the first process
# of new name spaces: systemd-machine.sh EMPTY_FOLDER SHARED_FOLDER
set -e
mount --make-rprivate /
mount -t tmpfs machine "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay machine -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --bind "$2" "$1/root$2"
cd "$1/root"

mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs run run
mount -t tmpfs dev dev
for device in null zero full random urandom tty; do
  touch dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir dev/shm dev/pts
mount -t tmpfs shm dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 pts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

# What belongs to hardware, and what cleans /tmp, where the spec is.
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-modules-load.service systemd-logind.service \
  systemd-networkd.service systemd-resolved.service systemd-timesyncd.service systemd-remount-fs.service \
  systemd-tmpfiles-setup.service systemd-firstboot.service apparmor.service dev-hugepages.mount dev-mqueue.mount \
  sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount tmp.mount; do
  ln -sfn /dev/null etc/systemd/system/$unit
done
: > etc/fstab

mkdir before
pivot_root . before
umount -l /before
rmdir /before
# systemd hands credentials to services through mounts, and leaves this to the manager of a container.
mount --make-rshared /
exec env -i container=lxc PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --unit=sysinit.target --log-target=journal --show-status=no
