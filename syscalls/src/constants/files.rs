//! Names of opening, modes, positions, locks and attributes of files.

super::named::named! {
    /// Stands for the current directory.
    DIRFD:
        AT_FDCWD;
    /// How a file is opened: the low two bits.
    ACCESS:
        O_RDONLY O_WRONLY O_RDWR;
    /// Bits of opening, those that hold others first.
    OPEN:
        O_TMPFILE O_SYNC O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_DSYNC O_ASYNC O_DIRECT
        O_DIRECTORY O_NOFOLLOW O_NOATIME O_CLOEXEC O_PATH;
    /// Masks and second names of opening.
    OPEN_OTHER:
        O_ACCMODE O_FSYNC O_NDELAY O_RSYNC;
    /// Flags of calls that take a directory and a path.
    AT:
        AT_SYMLINK_NOFOLLOW AT_EACCESS AT_SYMLINK_FOLLOW AT_NO_AUTOMOUNT AT_EMPTY_PATH AT_RECURSIVE;
    /// A flag of `unlinkat`, with the bit that AT_EACCESS has for `faccessat`.
    AT_UNLINK:
        AT_REMOVEDIR;
    /// How fresh `statx` shall be: a choice of two bits.
    AT_SYNC:
        AT_STATX_SYNC_AS_STAT AT_STATX_FORCE_SYNC AT_STATX_DONT_SYNC;
    /// Flags of `name_to_handle_at`.
    AT_HANDLE:
        AT_HANDLE_MNT_ID_UNIQUE AT_HANDLE_CONNECTABLE AT_HANDLE_FID;
    /// Masks of flags.
    AT_OTHER:
        AT_STATX_SYNC_TYPE;
    /// Flags of `close_range`.
    CLOSE_RANGE:
        CLOSE_RANGE_UNSHARE CLOSE_RANGE_CLOEXEC;
    /// How `fallocate` changes a file.
    FALLOC:
        FALLOC_FL_KEEP_SIZE FALLOC_FL_PUNCH_HOLE FALLOC_FL_COLLAPSE_RANGE FALLOC_FL_ZERO_RANGE
        FALLOC_FL_INSERT_RANGE FALLOC_FL_UNSHARE_RANGE;
    /// Flags of a descriptor.
    FD:
        FD_CLOEXEC;
    /// Commands of `fcntl`.
    FCNTL:
        F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_SETOWN F_GETOWN F_OFD_GETLK
        F_OFD_SETLK F_OFD_SETLKW F_SETLEASE F_GETLEASE F_NOTIFY F_CANCELLK F_DUPFD_CLOEXEC F_SETPIPE_SZ
        F_GETPIPE_SZ F_ADD_SEALS F_GET_SEALS;
    /// Kinds of record locks and leases.
    LEASE:
        F_RDLCK F_WRLCK F_UNLCK;
    /// Seals of a memory file.
    SEAL:
        F_SEAL_SEAL F_SEAL_SHRINK F_SEAL_GROW F_SEAL_WRITE F_SEAL_FUTURE_WRITE F_SEAL_EXEC;
    /// Commands of `lockf`.
    LOCKF:
        F_ULOCK F_LOCK F_TLOCK F_TEST;
    /// Permissions that `access` checks.
    PERMITTED:
        F_OK R_OK W_OK X_OK;
    /// Operations of `flock`.
    FLOCK:
        LOCK_SH LOCK_EX LOCK_NB LOCK_UN;
    /// Flags of `memfd_create`.
    MEMFD:
        MFD_CLOEXEC MFD_ALLOW_SEALING MFD_HUGETLB MFD_NOEXEC_SEAL MFD_EXEC;
    /// Page sizes of a memory file.
    MEMFD_HUGE:
        MFD_HUGE_SHIFT MFD_HUGE_MASK MFD_HUGE_64KB MFD_HUGE_512KB MFD_HUGE_1MB MFD_HUGE_2MB MFD_HUGE_8MB
        MFD_HUGE_16MB MFD_HUGE_32MB MFD_HUGE_256MB MFD_HUGE_512MB MFD_HUGE_1GB MFD_HUGE_2GB MFD_HUGE_16GB;
    /// Flags of `open_tree` besides those of a path.
    OPEN_TREE:
        OPEN_TREE_CLONE OPEN_TREE_NAMESPACE OPEN_TREE_CLOEXEC;
    /// Advice for `fadvise64`.
    ADVICE:
        POSIX_FADV_NORMAL POSIX_FADV_RANDOM POSIX_FADV_SEQUENTIAL POSIX_FADV_WILLNEED POSIX_FADV_DONTNEED
        POSIX_FADV_NOREUSE;
    /// Flags of `renameat2`.
    RENAME:
        RENAME_NOREPLACE RENAME_EXCHANGE RENAME_WHITEOUT;
    /// How `openat2` follows a path.
    RESOLVE:
        RESOLVE_NO_XDEV RESOLVE_NO_MAGICLINKS RESOLVE_NO_SYMLINKS RESOLVE_BENEATH RESOLVE_IN_ROOT
        RESOLVE_CACHED;
    /// Flags of `preadv2` and `pwritev2`.
    RWF:
        RWF_HIPRI RWF_DSYNC RWF_SYNC RWF_NOWAIT RWF_APPEND RWF_NOAPPEND RWF_ATOMIC RWF_DONTCACHE;
    /// The origin of a position.
    WHENCE:
        SEEK_SET SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE;
    /// Flags of `splice`.
    SPLICE:
        SPLICE_F_MOVE SPLICE_F_NONBLOCK SPLICE_F_MORE SPLICE_F_GIFT;
    /// Fields of `statx`, the usual set first.
    STATX:
        STATX_BASIC_STATS STATX_TYPE STATX_MODE STATX_NLINK STATX_UID STATX_GID STATX_ATIME STATX_MTIME
        STATX_CTIME STATX_INO STATX_SIZE STATX_BLOCKS STATX_BTIME STATX_MNT_ID STATX_DIOALIGN
        STATX_MNT_ID_UNIQUE STATX_SUBVOL STATX_WRITE_ATOMIC STATX_DIO_READ_ALIGN;
    /// Attributes that `statx` tells.
    STATX_ATTR:
        STATX_ATTR_COMPRESSED STATX_ATTR_IMMUTABLE STATX_ATTR_APPEND STATX_ATTR_NODUMP STATX_ATTR_ENCRYPTED
        STATX_ATTR_AUTOMOUNT STATX_ATTR_MOUNT_ROOT STATX_ATTR_VERITY STATX_ATTR_DAX STATX_ATTR_WRITE_ATOMIC;
    /// Flags of `sync_file_range`.
    SYNC_RANGE:
        SYNC_FILE_RANGE_WAIT_BEFORE SYNC_FILE_RANGE_WRITE SYNC_FILE_RANGE_WAIT_AFTER;
    /// Types of files: bits of a mode above the permissions.
    FILE_TYPE:
        S_IFREG S_IFDIR S_IFLNK S_IFCHR S_IFBLK S_IFIFO S_IFSOCK;
    /// Bits of a mode between type and permissions.
    SPECIAL_MODE:
        S_ISUID S_ISGID S_ISVTX;
    /// Permissions of a mode, and its masks.
    MODE:
        S_IXOTH S_IWOTH S_IROTH S_IRWXO S_IXGRP S_IWGRP S_IRGRP S_IRWXG S_IEXEC S_IXUSR S_IWRITE S_IWUSR
        S_IREAD S_IRUSR S_IRWXU S_IFMT;
    /// Flags of `setxattr`.
    XATTR:
        XATTR_CREATE XATTR_REPLACE;
    /// Values in the place of a time, for `utimensat`.
    NANOSECONDS:
        UTIME_NOW UTIME_OMIT;
    /// Types in the entries of a directory.
    ENTRY_TYPE:
        DT_UNKNOWN DT_FIFO DT_CHR DT_DIR DT_BLK DT_REG DT_LNK DT_SOCK;
    /// Flags that `statfs` tells.
    MOUNTED:
        ST_RDONLY ST_NOSUID ST_NODEV ST_NOEXEC ST_SYNCHRONOUS ST_MANDLOCK ST_WRITE ST_APPEND ST_IMMUTABLE
        ST_NOATIME ST_NODIRATIME ST_RELATIME;
    /// Names that no argument is decoded with.
    OTHERS:
        PATH_MAX;
}
