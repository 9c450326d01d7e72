// Forbids this process to make sockets that could send datagrams.
#pragma once

#include "common/base/error.h"

namespace sluice::link {

// From now on, in every thread and every child: socket() refuses (EPERM) datagram and raw sockets
// of IPv4 and IPv6 and every packet socket, and io_uring, by which a socket could be made past this
// filter, is refused as well. Local, TCP and netlink sockets stay possible: journal, sd_notify and
// HTTP go on. A seccomp filter that cannot be taken back; call it once, after the last UdpSource
// was opened. Sets no_new_privs.
Result<void> forbid_datagram_sockets();

}  // namespace sluice::link
