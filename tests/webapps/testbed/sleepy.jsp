<%-- Sends count=N lines, one each ms=N milliseconds, each flushed. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" contentType="text/plain; charset=UTF-8" %>
<%
  int count = request.getParameter("count") == null ? 5 : Integer.parseInt(request.getParameter("count"));
  long ms = request.getParameter("ms") == null ? 200 : Long.parseLong(request.getParameter("ms"));
  for (int i = 1; i <= count; i++) {
    Thread.sleep(ms);
    out.print("line=" + i + "\n");
    out.flush();
  }
%>
