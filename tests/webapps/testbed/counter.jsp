<%-- A counter in the session. --%>
<%@ page session="true" trimDirectiveWhitespaces="true" contentType="text/plain; charset=UTF-8" %>
<%
  Integer before = (Integer) session.getAttribute("counter");
  Integer counter = before == null ? 1 : before + 1;
  session.setAttribute("counter", counter);
  out.print("id=" + session.getId() + "\ncounter=" + counter + "\nnode=" + System.getProperty("rjk.node")
      + "\nnew=" + session.isNew() + "\nfromCookie=" + request.isRequestedSessionIdFromCookie() + "\n");
%>
