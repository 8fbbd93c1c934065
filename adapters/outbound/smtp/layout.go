package smtp

import (
	"html"
	"strings"
)

// words are the content of a mail, before it is laid out. There is no template
// engine behind: those of the standard library keep every exported method of
// the whole program in the binary, which made it half as large again.
type words struct {
	subject, service string
	above, below     []string // paragraphs around the link
	link, token      string   // empty where the mail carries none
}

const beside = "If the link does not open, use this code where you are asked for one:"

func (w words) plain() string {
	parts := w.above
	if w.token != "" {
		parts = append(parts[:len(parts):len(parts)], w.link, beside, w.token)
	}
	parts = append(parts[:len(parts):len(parts)], w.below...)
	return strings.Join(parts, "\n\n") + "\n\n-- \n" + w.service + "\n"
}

func (w words) html() string {
	var page strings.Builder
	paragraph := func(content string) { page.WriteString("<p>" + content + "</p>\n") }
	page.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" + html.EscapeString(w.subject) + "</title></head>\n" +
		"<body style=\"font-family:sans-serif;max-width:36em;margin:2em auto;line-height:1.5\">\n")
	for _, p := range w.above {
		paragraph(html.EscapeString(p))
	}
	if w.token != "" {
		link := html.EscapeString(w.link)
		paragraph("<a href=\"" + link + "\" rel=\"noreferrer\">" + link + "</a>")
		paragraph(beside)
		paragraph("<code>" + html.EscapeString(w.token) + "</code>")
	}
	for _, p := range w.below {
		paragraph(html.EscapeString(p))
	}
	page.WriteString("<hr>\n<p>" + html.EscapeString(w.service) + "</p>\n</body>\n</html>\n")
	return page.String()
}
