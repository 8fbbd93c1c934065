// Package reactions is what follows from events once they are stored: mails
// and SMS. Each reaction is one file, or one line where only the words differ,
// and is registered in bootstrap/reactions.go.
//
//	event -> job, in one transaction -> Reaction.React -> outbound.Mailer | outbound.Texter
//
// A reaction runs at least once, so it looks at what is true by then: whoever
// verified meanwhile gets no mail. Sending twice is possible and harmless, as a
// mail that is sent again carries the same token and id.
package reactions
