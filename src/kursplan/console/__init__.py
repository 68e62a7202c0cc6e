"""The console: pages for the people at a studio, served beside the Open API.

Pages are whole before a script runs, and every change is a command at the desk. A page is a named query
of `kursplan.store.staff`, a view (a frozen dataclass with everything as it is shown), and a template.
Where what is: `routes` says which pages there are and who may open them, `site` is the door to them,
`visit` is one request as a page sees it, `frame` is what stands around every page.
"""
