<%-- Answers after ms=N milliseconds. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" contentType="text/plain; charset=UTF-8" %>
<%
  long ms = request.getParameter("ms") == null ? 1000 : Long.parseLong(request.getParameter("ms"));
  Thread.sleep(ms);
  out.print("slept=" + ms + "\nnode=" + System.getProperty("rjk.node") + "\n");
%>
