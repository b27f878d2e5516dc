# A server of Mojo::IOLoop, on the reactor that MOJO_REACTOR names: mojo.pl BODY MODE IDLE

use Mojo::Base -strict, -signatures;
use Mojo::IOLoop;

my ($body_bytes, $mode, $idle) = @ARGV;
my $response = "HTTP/1.1 200 OK\r\nContent-Length: $body_bytes\r\n\r\n" . 'x' x $body_bytes;

my $reactor = ref Mojo::IOLoop->singleton->reactor;
die "The reactor is $reactor\n" if $reactor ne $ENV{MOJO_REACTOR};

Mojo::IOLoop->singleton->max_connections(20000);
my $id = Mojo::IOLoop->server(
  {address => '127.0.0.1'} => sub ($loop, $stream, $id) {
    my $rest = '';
    $stream->timeout($idle);
    $stream->on(error => sub { });
    $stream->on(
      read => sub ($stream, $bytes) {
        $rest .= $bytes;
        while ((my $end = index $rest, "\r\n\r\n") >= 0) {
          substr $rest, 0, $end + 4, '';
          $stream->write($response);
          $stream->close_gracefully if $mode eq 'close';
        }
      }
    );
  }
);
$| = 1;
say Mojo::IOLoop->acceptor($id)->port;
Mojo::IOLoop->start;
