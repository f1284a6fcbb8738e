#!/usr/bin/perl
# A relying party that shares no code with ours: Net::OpenID::Consumer behind HTTP::Daemon.
#
#   perl relying_party.pl PORT
#
# prints "ready" once it listens on 127.0.0.1 and ends on SIGTERM; the library's log is on stderr.
#
#   /start?openid=URL   discovers the identifier and sends the browser to its provider
#          &mode=immediate   asks for an answer without a page: checkid_immediate
#          &stateless=1      shares no secret: the provider is asked to check its own signature
#   /return             where the provider answers; one key=value a line
#   /                   XRDS naming /return, for providers that verify return_to

use strict;
use warnings;
use Encode qw(decode encode);
use HTTP::Daemon;
use HTTP::Response;
use IO::Select;
use LWP::UserAgent;
use Net::OpenID::Consumer;
use URI;

my $port = shift or die "usage: relying_party.pl PORT\n";
my $realm = "http://127.0.0.1:$port/";
my $return_to = "${realm}return";
my $sreg = 'http://openid.net/extensions/sreg/1.1';
my $secret = join '', map { sprintf '%02x', rand 256 } 1 .. 20;
my $cache = Memory->new;

my $xrds = <<"XML";
<?xml version="1.0" encoding="UTF-8"?>
<xrds:XRDS xmlns:xrds="xri://\$xrds" xmlns="xri://\$xrd*(\$v*2.0)">
  <XRD><Service>
    <Type>http://specs.openid.net/auth/2.0/return_to</Type>
    <URI>$return_to</URI>
  </Service></XRD>
</xrds:XRDS>
XML

sub answer {
    my ($status, $type, $body, @headers) = @_;
    return HTTP::Response->new($status, undef,
        ['Content-Type' => $type, Connection => 'close', @headers], $body);
}

sub text { return answer($_[0], 'text/plain; charset=utf-8', encode('UTF-8', $_[1])) }

sub report {
    my %told = @_;
    my @lines;
    for my $key (qw(status identity nickname email), $told{message} ? 'message' : ()) {
        my $value = defined $told{$key} ? $told{$key} : '';
        $value =~ s/\s+/ /g;
        push @lines, "$key=$value\n";
    }
    return text(200, join '', @lines);
}

# A form can return by POST while its action keeps a query of its own: both count, and this
# library does put something of its own there. It signs characters, so bytes are decoded.
sub parameters {
    my ($request) = @_;
    my $body = URI->new;
    $body->query($request->content) if $request->method eq 'POST';
    return map { decode('UTF-8', $_) } $request->uri->query_form, $body->query_form;
}

# The library recommends a user agent that refuses private addresses; here all are.
sub consumer {
    return Net::OpenID::Consumer->new(
        ua => LWP::UserAgent->new(timeout => 10),
        consumer_secret => $secret, required_root => $realm, debug => 1, @_);
}

sub start {
    my (%asked) = @_;
    # Without a cache the library has nowhere to keep an association, so it makes none.
    my $consumer = consumer($asked{stateless} ? () : (cache => $cache));
    my $claimed = $consumer->claimed_identity($asked{openid}) or die $consumer->err, "\n";
    $claimed->set_extension_args($sreg, { optional => 'nickname,email' });
    my $url = $claimed->check_url(
        return_to => $return_to, trust_root => $realm,
        delayed_return => ($asked{mode} || '') ne 'immediate');
    return answer(302, 'text/plain', '', Location => $url);
}

sub complete {
    my (%returned) = @_;
    my $consumer = consumer(cache => $cache, args => \%returned);
    return $consumer->handle_server_response(
        not_openid => sub { report(status => 'failure', message => 'not an OpenID message') },
        setup_needed => sub { report(status => 'setup_needed', message => 'setup_needed') },
        cancelled => sub { report(status => 'cancel', message => 'cancel') },
        error => sub { report(status => 'failure', message => join ': ', @_) },
        verified => sub {
            my ($identity) = @_;
            my $profile = $identity->signed_extension_fields($sreg);
            report(status => 'success', identity => $identity->url,
                nickname => $profile->{nickname}, email => $profile->{email});
        });
}

sub respond {
    my ($request) = @_;
    my $path = $request->uri->path;
    return eval { start(parameters($request)) } || text(502, "failed: $@") if $path eq '/start';
    return eval { complete(parameters($request)) } || report(status => 'failure', message => $@)
        if $path eq '/return';
    return text(404, "not found\n") if $path ne '/';
    return answer(200, 'application/xrds+xml', $xrds)
        if ($request->header('Accept') || '') =~ m{application/xrds\+xml};
    return text(200, "A relying party: /start?openid=URL\n");
}

$SIG{TERM} = sub { exit 0 };
my $daemon = HTTP::Daemon->new(LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1)
    or die "cannot listen on $port: $@\n";
$| = 1;
print "ready\n";
# Browsers open connections ahead of need: only one that has something to say is read.
my $open = IO::Select->new($daemon);
while (my @readable = $open->can_read) {
    for my $socket (@readable) {
        if ($socket == $daemon) {
            my $client = $daemon->accept or next;
            $client->timeout(10);
            $open->add($client);
            next;
        }
        $open->remove($socket);
        my $request = $socket->get_request;
        $socket->send_response(respond($request)) if $request;
        $socket->close;
    }
}

# What the library remembers. Pages are not kept (it would for a minute), so that each
# sign-in sees an identity as it is now; expiry is left out: the program is short-lived.
package Memory;
sub new { return bless {}, shift }
sub get { my ($self, $key) = @_; return $self->{$key} }
sub set { my ($self, $key, $value) = @_; $self->{$key} = $value unless $key =~ /^URIFetch:/ }
