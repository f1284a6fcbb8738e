#!/usr/bin/perl
# A provider that shares no code with ours: Net::OpenID::Server behind HTTP::Daemon. It knows
# no passwords: whoever asks is taken at their word.
#
#   perl provider.pl PORT
#
# prints "ready" once it listens on 127.0.0.1 and ends on SIGTERM.
#
#   /id/NAME   an identity, found through its HTML
#   /old/NAME  one of OpenID 1.1 alone
#   /          the provider's own identifier: answers with /id/selected
#   /server    the endpoint; /id/refuser always declines

use strict;
use warnings;
use HTTP::Daemon;
use HTTP::Response;
use IO::Select;
use Net::OpenID::Server;
use URI;

my $port = shift or die "usage: provider.pl PORT\n";
my $base = "http://127.0.0.1:$port";
my $sreg = 'http://openid.net/extensions/sreg/1.1';
my $secret = join '', map { sprintf '%02x', rand 256 } 1 .. 20;

my $xrds = <<"XML";
<?xml version="1.0" encoding="UTF-8"?>
<xrds:XRDS xmlns:xrds="xri://\$xrds" xmlns="xri://\$xrd*(\$v*2.0)">
  <XRD><Service priority="0">
    <Type>http://specs.openid.net/auth/2.0/server</Type>
    <URI>$base/server</URI>
  </Service></XRD>
</xrds:XRDS>
XML

sub answer {
    my ($status, $type, $body, @headers) = @_;
    return HTTP::Response->new($status, undef,
        ['Content-Type' => $type, Connection => 'close', @headers], $body);
}

sub redirect { return answer(302, 'text/plain', '', Location => $_[0]) }

sub identity {
    my ($kind, $name) = @_;
    my $versions = $kind eq 'old' ? 'openid.server' : 'openid2.provider openid.server';
    return answer(200, 'text/html; charset=utf-8', <<"HTML");
<!DOCTYPE html>
<html>
<head><title>$name</title>
<link rel="$versions" href="$base/server">
</head>
<body><h1>$name</h1></body>
</html>
HTML
}

sub parameters {
    my ($request) = @_;
    my $body = URI->new;
    $body->query($request->content) if $request->method eq 'POST';
    return { $request->uri->query_form, $body->query_form };
}

# The person an identity belongs to; nobody when it is not one of ours, or declines.
sub willing {
    my ($identity) = @_;
    my ($name) = ($identity || '') =~ m{^\Q$base\E/(?:id|old)/([\w.-]+)$} or return;
    return $name eq 'refuser' ? undef : $name;
}

sub profile {
    my ($asked, $name) = @_;
    my %known = (nickname => $name, email => "$name\@example.com");
    my $wanted = join ',', map { $asked->{"openid.sreg.$_"} || '' } qw(required optional);
    my %fields = map { ("sreg.$_" => $known{$_}) } grep { $known{$_} } split /,/, $wanted;
    return %fields ? { 'ns.sreg' => $sreg, %fields } : {};
}

sub endpoint {
    my ($asked) = @_;
    my $server = Net::OpenID::Server->new(
        args => $asked, endpoint_url => "$base/server", setup_url => "$base/",
        server_secret => $secret,
        # What the library approves by itself it signs without a profile: so approve
        # nothing here. It is left with refusing, associating and checking.
        get_user => sub { 'somebody' }, get_identity => sub { $_[1] },
        is_identity => sub { 0 }, is_trusted => sub { 0 });

    if (($asked->{'openid.mode'} || '') =~ /^checkid_(setup|immediate)$/) {
        my ($identity, $claimed) = @$asked{qw(openid.identity openid.claimed_id)};
        $identity = $claimed = "$base/id/selected"
            if $identity && $identity eq OpenID::util::version_2_identifier_select_url();
        if (my $name = willing($identity)) {
            my $url = $server->signed_return_url(
                identity => $identity, claimed_id => $claimed, ns => $asked->{'openid.ns'},
                return_to => $asked->{'openid.return_to'},
                realm => $asked->{'openid.realm'} || $asked->{'openid.trust_root'},
                assoc_handle => $asked->{'openid.assoc_handle'},
                additional_fields => profile($asked, $name));
            return $url ? redirect($url)
                : answer(400, 'text/plain', "error:return_to is outside the realm\n");
        }
    }

    my ($type, $data) = $server->handle_page;
    return answer(400, 'text/plain', 'error:' . $server->errcode . "\n") unless $type;
    return redirect($data) if $type eq 'redirect';
    return redirect($server->cancel_return_url(return_to => $asked->{'openid.return_to'}))
        if $type eq 'setup';
    # The library leaves the status to us; OpenID 2.0 wants 400 for a refusal.
    return answer($data =~ /^error(_code)?:/m ? 400 : 200, $type, $data);
}

sub respond {
    my ($request) = @_;
    my $path = $request->uri->path;
    return answer(200, 'application/xrds+xml', $xrds) if $path eq '/';
    return identity($1, $2) if $path =~ m{^/(id|old)/([\w.-]+)$};
    return answer(404, 'text/plain', "not found\n") unless $path eq '/server';
    return eval { endpoint(parameters($request)) } || answer(500, 'text/plain', "error:$@");
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
