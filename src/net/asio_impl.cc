// Asio's and Beast's own code, compiled once for the whole program instead of into every file.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
