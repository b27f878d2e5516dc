// The behaviour of Pyjo.IOLoop and Mojo::IOLoop, as 212 short numbered statements. The titles of tests begin with the
// numbers of the statements that they show. If this package differs on purpose, docs/guides/mojo.md says how and why.

export const STATEMENTS: readonly string[] = `
1 maxAccepts is 0, no limit
2 maxConnections is 1000
3 multiAccept is 50, or 1 for a small maxConnections
4 multiAccept at a maxConnections of exactly 50
5 multiAccept is decided when the loop is created
6 the attributes can be given to the constructor
7 each loop has its own reactor
8 a loop's reactor has one default error subscriber
9 module functions act on the singleton, and objects created directly use it
10 ids are unique
11 an environment variable selects any reactor class
12 an environment variable enables diagnostics on stderr
13 isRunning is false before, true in callbacks, false after
14 start runs until stop, or until nothing is watched
15 start with nothing to watch ends at once, and so does oneTick
16 start inside a callback throws, and the loop continues
17 oneTick inside a callback
18 oneTick waits for one event, and runs everything that is due with it
19 oneTick waits for a timer as long as nothing else happens
20 stop ends the loop after the current pass
21 stop without a run does nothing, and has no later effect
22 stop keeps timers, servers and connections
23 a server, a connection and an attempt keep the loop running
24 a paused watcher keeps the loop running
25 a timer keeps the loop running
26 a timer fires once, never early
27 a timer's callback gets the loop, or the reactor
28 timers fire in the order of their deadlines
29 the order of timers that are overdue together
30 the order of timers with equal delays
31 a timer of 0 seconds made in a timer callback waits for the next tick
32 I/O comes before timers in a tick
33 nextTick returns nothing, and calls back later
34 nextTick callbacks run in order
35 nextTick inside a nextTick callback
36 nextTick against a timer of 0 seconds
37 recurring fires repeatedly, with 0 once per tick
38 a recurring timer counts from the pass that ran it; missed calls are dropped
39 a recurring timer may remove itself
40 of two overdue timers that remove each other, one runs
41 again restarts an active timer with its full interval
42 again postpones a timer that is overdue in this pass
43 again on a spent timer
44 again with a new interval
45 a timer that is removed does not fire, even when overdue
46 io watches for reading and writing, and says which it is
47 for one handle, reading comes before writing
48 io again replaces the callback, and watches for both
49 watch changes what is watched for, returns the reactor, and can pause
50 watch without an active watcher
51 io with a closed handle
52 the reactor's remove returns whether there was anything
53 the reactor's remove of an unknown handle does nothing
54 the reactor's reset removes everything that is pending
55 the reactor's reset and its subscribers
56 an abstract base class of reactors
57 two loops can be used in turn in one process
58 an exception in a callback is the reactor's error, and the loop continues
59 other timers that are due in that pass still run
60 the arguments of the error event
61 the default subscriber prints to stderr
62 without subscribers start throws the exception
63 an exception in an error subscriber is thrown by start
64 the first of several nextTick callbacks throws
65 an exception in a read subscriber: later ones are skipped, the stream continues
66 an exception in the server callback: the connection stays
67 an exception in the client callback: the stream stays
68 an exception in a drain callback does not keep a graceful close from closing
69 after an exception in a close subscriber the id is unknown
70 reset stops, closes and removes everything; the loop can be used again
71 reset emits reset, closes streams, drops subscribers
72 when the close events of a reset come
73 reset that keeps connections open
74 remove of an unknown id never throws
75 remove of a server ends listening, keeps connections
76 remove of a server resets peers that wait
77 remove of a client that connects: no callback, no connection
78 remove of a connection closes it gracefully
79 look-ups of unknown ids, and of ids of another kind, return undefined
80 the stream of a client that is still connecting
81 the stream can be looked up inside the callback of its connection
82 in a close subscriber the id is already unknown
83 stream registers a stream, starts it, keeps its timeout
84 acceptor registers a server on the loop's reactor
85 a graceful stop ends accepting, emits finish, and keeps connections working
86 a graceful stop without connections
87 when the last connection closes, a graceful stop ends the loop
88 a new peer meanwhile is not served, and not reset
89 outgoing connections and a graceful stop
90 a second graceful stop
91 after a graceful stop and another start nothing is accepted
92 a graceful stop before start
93 maxAccepts 1: finish after one connection, and the end when that closes
94 the last server callback and finish: which comes first
95 more peers wait than maxAccepts allows
96 up to half of maxAccepts is cut, once, at random
97 at maxConnections accepting stops; further peers wait
98 when one closes, the one that waited longest is next
99 a waiting peer that left is still accepted in its turn
100 maxConnections 0 accepts nothing
101 what counts against maxConnections
102 multiAccept beyond maxConnections
103 a stream closed in the server callback does not count
104 raising maxConnections later
105 how many waiting peers are accepted in a tick
106 the default address to listen on
107 without a port, a free one is used; the acceptor has it
108 a port that is in use
109 the default backlog
110 reuse shares a port
111 listening sockets handed over through the environment
112 fd: serving on an inherited descriptor
113 path: UNIX domain sockets and their files
114 a server's stop and start pause and resume accepting
115 accept, then the stream, then the callback, then the limits
116 read comes after the server callback
117 a peer that came and went before start: accept, read, close
118 TCP_NODELAY on both sides
119 generatePort returns a free port
120 client returns an id at once, and calls back later
121 success: the stream is started, and registered under the id
122 refused: an error, no stream, the id is unknown
123 the timeout of an attempt, 10 seconds unless given
124 a name that does not resolve is an error
125 the default address to connect to
126 the default port to connect to
127 handle: a socket that is already connected
128 an error of a directly created client without subscribers
129 the address to connect from, and other protocols
130 data that the peer sends at once is read after the callback; writes in it are sent together
131 a stream's timeout is 15 seconds, 0 for never; setting it restarts it
132 inactivity: timeout, then close
133 reading, writing and isReadable restart the timeout
134 stop does not stop the timeout
135 a write in the timeout handler is not sent
136 after close the timeout is 0
137 write never sends before it returns
138 writes of one tick are sent together
139 after the last byte: write, drain callbacks in order, close
140 all write callbacks run at the same drain
141 write returns the stream; an empty write does nothing
142 an empty write with a callback
143 isWriting with bytes, with callbacks, with subscribers
144 a drain subscriber that stays
145 a write in a drain callback is sent, and delays a graceful close
146 closeGracefully with nothing pending closes before it returns
147 closeGracefully sends everything, and keeps reading meanwhile
148 writes after closeGracefully are still sent
149 close is at once, and emits close once
150 close in a drain callback
151 close in read: the other subscribers still run, nothing after
152 the peer's end while data is queued
153 an answer in read reaches a peer that has ended its side
154 a reset by the peer is close, without error
155 another read error is error, then close
156 that error without subscribers
157 a broken pipe found by reading
158 errors of writing
159 stop pauses reading only
160 the peer's end while paused is noticed after start
161 a reset while paused
162 start and stop of a closed stream
163 a closed stream does nothing, and reports that it is closed
164 the size of one read
165 stealHandle: the stream is silent, the handle stays open
166 the id and the timeout after stealHandle
167 isReadable is true with unread data or the peer's end
168 counters, high-water mark and canWrite
169 the handle of a stream, and its descriptor
170 subscribers run in order, with emitter and arguments
171 the results of on, once and catch
172 once unsubscribes before its callback runs
173 the wrapper of once can be called and unsubscribed
174 a subscriber added during an emit
175 a subscriber removed during an emit still runs in it
176 an exception ends the emit, which throws it
177 an error event without subscribers throws
178 unsubscribe removes every subscription of a callback
179 subscribers is the live list
180 unsubscribeAll, and callbacks that are not functions
181 steps run one after the other, each after the events of the previous one
182 when the first step runs
183 events begun before wait delay the first step
184 wait starts and stops the loop; on a running loop it does neither
185 the next step runs inside the last callback of an earlier tick
186 a step whose only event happens before it returns
187 a step with one event at once and another later
188 a step that begins no event ends the chain
189 the arguments of the last step go to finish
190 begin's offset and length choose the arguments
191 the order in which arguments are joined
192 begin with a length of 0
193 begin on client: error and stream of each
194 an exception in a step breaks the chain, and is the error event
195 finish after error
196 completions after an exception are ignored
197 an exception without a subscriber
198 catch returns the delay
199 remaining is the live list
200 data is shared between the steps
201 one callback called twice counts twice
202 nested delays pass their arguments on
203 an example that looks up its callback late still works
204 pass is an event that has already happened
205 TLS with certificate and key; the callback comes after the handshake
206 the built-in certificate
207 the server's certificate is verified by default
208 a peer that does not use TLS, or sends nothing, on a TLS port
209 a TLS client against a server without TLS
210 the options of TLS
211 the name that is verified is the address, and so is the SNI
212 writing, drain and close over TLS as without
`
  .trim()
  .split("\n");
