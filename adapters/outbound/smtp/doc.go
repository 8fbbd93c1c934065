// Package smtp turns mails into messages and brings them to a server, or, for
// development, into a folder:
//
//	outbound.Mail -> Composer (templates/*.txt -> text and HTML) -> Sender | Folder
//
// The words of a mail exist once, in templates: a subject, a blank line,
// paragraphs, and after a line of three hyphens what comes below the link. Both
// parts of the message are made of them.
//
// Every header is built by go-mail from parsed addresses, so what a user typed
// never becomes header syntax.
package smtp
