// Package report holds what was measured, and shows it: as a table, as JSON, as a
// picture, and between the markers of a document.
package report
