#include "common/http/answer_sender.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>

#include "common/http/blocking.h"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using observe::Metric;

// Whether a file's byte lies in the page cache, so that sending it waits for no disk. Only a probe:
// where it errs, the loop waits for one read.
bool in_memory(int file, std::uint64_t offset) {
  std::uint8_t byte = 0;
  const iovec into{&byte, 1};
  return ::preadv2(file, &into, 1, static_cast<off_t>(offset), RWF_NOWAIT) == 1;
}

}  // namespace

// Every wait below is a statement of its own: g++ 12 waits for the right side of && and || even
// where the left side has decided.

asio::awaitable<bool> AnswerSender::send(std::string head, const Body* body, Framing framing) {
  if (const auto* text = body == nullptr ? nullptr : std::get_if<std::string>(body)) {
    count_bytes(text->size());
    co_return co_await put(as_bytes(head), as_bytes(*text));
  }
  if (const auto* range = body == nullptr ? nullptr : std::get_if<SourceRange>(body)) {
    co_return co_await send_range(head, range);
  }
  const bool sent = co_await put(as_bytes(head), {});
  const auto* stream = body == nullptr ? nullptr : std::get_if<std::shared_ptr<BodyStream>>(body);
  if (!sent || stream == nullptr) {
    co_return sent;
  }
  co_return co_await send_stream(*stream, framing == Framing::kChunked);
}

asio::awaitable<bool> AnswerSender::send_text(std::string_view text) {
  co_return co_await put(as_bytes(text), {});
}

asio::awaitable<bool> AnswerSender::put(ByteView head, ByteView body) {
  // Head and body go together, which is one packet for small answers.
  for (;;) {
    const ByteView part = body.first(std::min(body.size(), kChunkBytes));
    wire_.deadline().arm(hub_.limits.send_time);
    const Io io = co_await wire_.write(head, part);
    wire_.deadline().disarm();
    if (io != Io::kDone) {
      co_return false;
    }
    head = {};
    body = body.subspan(part.size());
    if (body.empty()) {
      co_return true;
    }
  }
}

asio::awaitable<bool> AnswerSender::send_range(std::string_view head, const SourceRange* range) {
  const ByteView memory = range->source->memory();
  if (memory.data() != nullptr) {
    count_bytes(range->length);
    co_return co_await put(as_bytes(head), memory.subspan(range->offset, range->length));
  }
  const bool sent = co_await put(as_bytes(head), {});
  if (!sent) {
    co_return false;
  }
  if (range->source->descriptor() >= 0) {
    co_return co_await send_file(range);
  }
  co_return co_await send_source(range);
}

void AnswerSender::count_bytes(std::uint64_t bytes) {
  hub_.counters.add(Metric::kHttpBytes, bytes);
}

bool AnswerSender::broken_body(const std::string& cause) {
  hub_.events.emit(observe::Level::kError, "http.body_failed", {{"cause", cause}});
  return false;
}

asio::awaitable<bool> AnswerSender::send_source(const SourceRange* range) {
  Bytes chunk;
  for (std::uint64_t done = 0; done < range->length; done += chunk.size()) {
    chunk.resize(std::min<std::uint64_t>(kChunkBytes, range->length - done));
    auto read = [source = range->source, offset = range->offset + done, into = &chunk] {
      return source->read_at(offset, *into);
    };
    const Result<void> got = co_await on_pool(hub_.workers, std::move(read));
    if (!got) {
      co_return broken_body(got.error().message());
    }
    const bool sent = co_await put(chunk, {});
    if (!sent) {
      co_return false;
    }
    count_bytes(chunk.size());
  }
  co_return true;
}

// On the loop itself where the bytes are in memory, as nginx does it; else a worker waits for the
// disk. The socket's buffer takes some 2 MB at once, after which others have their turn.
asio::awaitable<bool> AnswerSender::send_file(const SourceRange* range) {
  const int file = range->source->descriptor();
  std::uint64_t since_armed = 0;
  std::uint64_t probed_until = 0;
  wire_.deadline().arm(hub_.limits.send_time);
  for (std::uint64_t done = 0; done < range->length;) {
    const std::uint64_t offset = range->offset + done;
    const std::uint64_t length = std::min<std::uint64_t>(kChunkBytes, range->length - done);
    IoResult sent;
    if (offset >= probed_until && in_memory(file, offset) && in_memory(file, offset + length - 1)) {
      probed_until = offset + length;
    }
    if (offset < probed_until) {
      sent = wire_.transport().send_file(file, offset, std::min(length, probed_until - offset));
    } else {
      auto push = [transport = &wire_.transport(), file, offset, length] {
        return transport->send_file(file, offset, length);
      };
      sent = co_await on_pool(hub_.workers, std::move(push));
    }
    if (sent.io == Io::kShortFile) {
      co_return broken_body("a file ends before what its index says");
    }
    if (sent.io == Io::kDone) {
      done += sent.bytes;
      since_armed += sent.bytes;
      count_bytes(sent.bytes);
    } else if (sent.io == Io::kWantRead || sent.io == Io::kWantWrite) {
      const bool is_ready = co_await wire_.ready(sent.io);
      if (!is_ready) {
        co_return false;
      }
    } else {
      co_return false;  // the client has gone
    }
    if (since_armed >= kChunkBytes) {
      wire_.deadline().arm(hub_.limits.send_time);
      since_armed = 0;
    }
    if (wire_.deadline().expired()) {
      co_return false;
    }
  }
  wire_.deadline().disarm();
  co_return true;
}

asio::awaitable<bool> AnswerSender::send_stream(std::shared_ptr<BodyStream> stream, bool chunked) {
  while (!loop_.stopping) {
    auto wait = [stream] { return stream->next(); };
    const std::optional<std::string> part = co_await on_pool(hub_.streams, std::move(wait));
    if (!part) {
      break;
    }
    if (part->empty()) {
      if (client_has_gone()) {
        co_return false;
      }
      continue;
    }
    std::string piece = *part;
    if (chunked) {
      std::array<char, 20> size{};
      std::snprintf(size.data(), size.size(), "%zx\r\n", part->size());
      piece = size.data() + *part + "\r\n";
    }
    const bool sent = co_await send_text(piece);
    if (!sent) {
      co_return false;
    }
    count_bytes(part->size());
  }
  if (chunked) {
    co_return co_await send_text("0\r\n\r\n");
  }
  co_return true;
}

// Nothing is read while events are sent, so that an end would not be seen until the next write.
bool AnswerSender::client_has_gone() {
  char byte = 0;
  return ::recv(wire_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace sluice::http
