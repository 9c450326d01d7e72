// Runs a blocking function on a pool of threads from a coroutine that lives elsewhere.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <type_traits>
#include <utility>

namespace sluice::http {

// `work` takes nothing and returns something that can be default-constructed; what it throws is
// thrown in the coroutine, which resumes on its own executor.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work&>> on_pool(boost::asio::thread_pool& pool,
                                                            Work work) {
  namespace asio = boost::asio;
  using Output = std::invoke_result_t<Work&>;
  return asio::async_initiate<decltype(asio::use_awaitable), void(std::exception_ptr, Output)>(
      [&pool](auto handler, Work queued) {
        asio::post(pool, [handler = std::move(handler), queued = std::move(queued)]() mutable {
          std::exception_ptr failure;
          Output output{};
          try {
            output = queued();
          } catch (...) {
            failure = std::current_exception();
          }
          const auto executor = asio::get_associated_executor(handler);
          asio::post(executor,
                     [handler = std::move(handler), failure, output = std::move(output)]() mutable {
                       std::move(handler)(failure, std::move(output));
                     });
        });
      },
      asio::use_awaitable, std::move(work));
}

}  // namespace sluice::http
