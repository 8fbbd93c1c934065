package report

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"
)

// The picture's layout, in pixels.
const (
	barHeight  = 16
	barStep    = 24
	labelWidth = 330
	plotWidth  = 420
	margin     = 16
	headHeight = 64
	full       = 1.2 // the ratio at the right edge
)

// bar is a scenario in the picture.
type bar struct {
	label       string
	ratio, goal float64
	met         bool
	note        string
}

// bars takes of each scenario with a ceiling the highest concurrency.
func (r *Report) bars() []bar {
	var all []bar
	for i, row := range r.Rows {
		last := i+1 == len(r.Rows) || r.Rows[i+1].Scenario != row.Scenario
		if row.Against == "" || !last {
			continue
		}
		all = append(all, bar{
			label: row.Title, ratio: row.Ratio(), goal: row.Goal, met: row.Met(),
			note: fmt.Sprintf("%.2f · %s/s", row.Ratio(), rate(row.Keystone.Rate)),
		})
	}
	return all
}

// SVG draws the ratios as bars, each with a mark where its goal is.
func (r *Report) SVG() string {
	bars := r.bars()
	width, height := labelWidth+plotWidth+160, headHeight+barStep*len(bars)+margin
	x := func(ratio float64) float64 { return labelWidth + plotWidth*min(ratio, full)/full }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="13" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>Keystone's rates as shares of their ceilings</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width, height)
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"24\" font-size=\"15\" font-weight=\"600\">Rate as a share of the barest program's that does the same work</text>\n", margin)
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"44\" fill=\"#555\">commit %s, %s; the black mark is the goal</text>\n", margin, escaped(r.Commit), r.At.Format("2006-01-02"))
	for _, ratio := range []float64{0, 0.25, 0.5, 0.75, 1} {
		fmt.Fprintf(&b, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/>\n", x(ratio), headHeight-8, x(ratio), height-margin)
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#777\" font-size=\"11\">%g</text>\n", x(ratio), headHeight-12, ratio)
	}
	for i, each := range bars {
		y := headHeight + i*barStep
		middle := y + barHeight - 4
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", labelWidth-8, middle, escaped(each.label))
		fmt.Fprintf(&b, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", labelWidth, y, x(each.ratio)-labelWidth, barHeight, each.colour())
		if each.goal > 0 {
			fmt.Fprintf(&b, "<rect x=\"%.1f\" y=\"%d\" width=\"3\" height=\"%d\" fill=\"#111\"/>\n", x(each.goal)-1.5, y-3, barHeight+6)
		}
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\" fill=\"#333\">%s</text>\n", max(x(each.ratio), x(each.goal))+8, middle, escaped(each.note))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (b bar) colour() string {
	switch {
	case b.goal == 0:
		return "#9aa5b1"
	case b.met:
		return "#2f9e6e"
	}
	return "#d9822b"
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

// WriteSVG writes the picture to a file.
func (r *Report) WriteSVG(path string) error { return os.WriteFile(path, []byte(r.SVG()), 0o644) }
