<%-- Session, counter and server: a page for a browser, or key=value lines for who accepts text/plain.
     ?forget=1 ends the session first. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" %>
<%
  if (request.getParameter("forget") != null && request.getSession(false) != null) {
    request.getSession(false).invalidate();
    response.sendRedirect(request.getContextPath() + "/");
    return;
  }
  String node = System.getProperty("rjk.node");
  HttpSession session = request.getSession();
  Integer before = (Integer) session.getAttribute("counter");
  String trail = (String) session.getAttribute("trail");
  int counter = before == null ? 1 : before + 1;
  trail = trail == null ? node : trail + " " + node;
  // Long walks keep their last steps.
  if (trail.length() > 80) trail = trail.substring(trail.length() - 79);
  session.setAttribute("counter", counter);
  session.setAttribute("trail", trail);
  response.setHeader("Cache-Control", "no-store");
  String accept = request.getHeader("Accept");
  if (accept != null && accept.contains("text/plain")) {
    response.setContentType("text/plain; charset=UTF-8");
    out.print("session=" + session.getId() + "\ncounter=" + counter + "\nnode=" + node
        + "\ntrail=" + trail + "\n");
    return;
  }
  response.setContentType("text/html; charset=UTF-8");
  String colour = "a".equals(node) ? "#1d6fa5" : "#b5541c";
%>
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mod_rjk demo: <%= node %></title>
<style>
  body { font: 17px/1.5 system-ui, sans-serif; color: #222; background: #f4f4f1; margin: 0; }
  main { max-width: 34rem; margin: 3rem auto; padding: 2rem; background: #fff; border-radius: 12px;
         border-top: 10px solid <%= colour %>; box-shadow: 0 2px 12px #0002; }
  h1 { font-size: 1.2rem; margin: 0 0 1rem; }
  .node { font-size: 3rem; line-height: 1; color: <%= colour %>; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; }
  dt { color: #666; }
  dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
  a { display: inline-block; margin-right: .6rem; padding: .5rem 1.2rem; border-radius: 8px;
      color: <%= colour %>; text-decoration: none; border: 1px solid <%= colour %>; }
  a.click { color: #fff; background: <%= colour %>; }
</style>
</head>
<body>
<main>
  <h1>Apache httpd, mod_rjk, and behind them</h1>
  <p class="node">Tomcat <%= node %></p>
  <dl>
    <dt>clicks</dt><dd><%= counter %></dd>
    <dt>session</dt><dd><%= session.getId() %></dd>
    <dt>served by</dt><dd><%= trail %></dd>
  </dl>
  <p><a class="click" href="./">Click</a><a href="./?forget=1">Forget me</a></p>
</main>
</body>
</html>
